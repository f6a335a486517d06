// The work: read blocks of a file. bench/reads/job.c in C#: the same arguments,
// the same places in the same order, the same sum.
//
//      file=PATH block=BYTES order=random|sequential reads=COUNT
//      depth=COUNT    reads in flight at a time, up to 256; default 1
//      threads=COUNT  of each kind in .NET's pool; default 0: .NET's default
//      buffer=BYTES   for contenders that have a buffer; default 0: none
//      latency=1      add how long a read takes: median_ns, p99_ns

using System;
using System.IO;
using System.Threading;

namespace Reads
{

// One read: its number, its offset, and when it began (in ns).
struct Item
{
    public long Number, Offset, Began;
}

static class Job
{
    public static string File = "";
    public static int Block, Buffer, Depth;

    static long blocks;        // in the file
    static long wanted, reads; // to measure; in this call of Work's action
    static bool isRandom;
    static long[]? latencies; // of each read, in ns; null: not measured
    static long taken, used, sum;

    // Fills in the next read, which begins now. Returns false if no read is
    // left. Any thread may call it.
    public static bool Next(ref Item item)
    {
        item.Number = Interlocked.Increment(ref taken) - 1;
        if (item.Number >= reads)
            return false;
        ulong block = isRandom ? Mix((ulong)item.Number) : (ulong)item.Number;
        item.Offset = (long)(block % (ulong)blocks) * Block;
        if (latencies != null)
            item.Began = Measure.Now();
        return true;
    }

    // Adds up the bytes of a read, which must be a whole block. Any thread may
    // call it.
    public static void Use(in Item item, byte[] buffer, int bytes)
    {
        if (latencies != null)
            latencies[item.Number] = Measure.Now() - item.Began;
        Measure.Must(bytes == Block, "read a whole block");
        // Depends on the bytes and on the offset.
        Interlocked.Add(ref sum, Measure.AddUp(buffer) * (item.Offset | 1));
        Interlocked.Increment(ref used);
    }

    // Returns a number that looks random. The same argument gives the same
    // result (SplitMix64, by Steele and others).
    static ulong Mix(ulong number)
    {
        number = (number + 1) * 0x9E3779B97F4A7C15;
        number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
        number = (number ^ number >> 27) * 0x94D049BB133111EB;
        return number ^ number >> 31;
    }

    public static void Contend(Action contendReading)
    {
        wanted = Measure.Argument("reads", 1);
        File = Measure.Argument("file", "");
        Block = (int)Measure.Argument("block", 4096);
        Buffer = (int)Measure.Argument("buffer", 0);
        Depth = (int)Measure.Argument("depth", 1);
        isRandom = Measure.Argument("order", "") == "random";
        Measure.Must(Block > 0 && wanted > 0 && Depth > 0,
                     "run with 0 reads, 0 bytes or depth 0");
        Measure.Must(Depth <= 256, "keep so many in flight");
        blocks = new FileInfo(File).Length / Block;
        Measure.Must(blocks > 0, "read a file that is smaller than a block");
        if (Measure.Argument("latency", 0) != 0)
            latencies = new long[wanted];
        contendReading();
        if (latencies != null)
            Measure.AddLatencies(latencies);
        Measure.Print(used, used * Block, sum);
    }

    // Measures. The contender opens the file and calls this with an action. The
    // action does all reads that Next returns, and itself returns when all have
    // completed. Work may call it several times, for the warm-up first.
    public static void Work(Action readAll)
    {
        Measure.Work(wanted, count => {
            reads = count;
            taken = used = sum = 0;
            readAll();
            Measure.Must(used == reads, "do all the reads");
        });
    }
}

}
