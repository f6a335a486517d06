// The work: read blocks of a file. bench/reads/job.c in C#: the same arguments,
// the same places in the same order, the same sum.
//
//      file=PATH block=BYTES order=random|sequential reads=COUNT
//      depth=COUNT    reads in flight at once, up to 256; 1
//      threads=COUNT  of each kind in .NET's pool; 0: its default; 0
//      buffer=BYTES   for those who have one; 0: none
//      latency=1      add how long a read takes: median_ns, p99_ns

using System;
using System.IO;
using System.Threading;

namespace Reads
{

// One read.
struct Turn
{
    public long Number, Offset, Began;
}

static class Job
{
    public static string File = "";
    public static int Block, Buffer, Depth;

    static long blocks;        // in the file
    static long wanted, reads; // in all, and in this round
    static bool isRandom;
    static long[]? latencies; // of each read, in ns; null: nobody asks
    static long taken, used, sum;

    // What the next read is, which begins now; false: there is none left.
    public static bool Next(ref Turn turn)
    {
        turn.Number = Interlocked.Increment(ref taken) - 1;
        if (turn.Number >= reads)
            return false;
        ulong block = isRandom ? Mix((ulong)turn.Number) : (ulong)turn.Number;
        turn.Offset = (long)(block % (ulong)blocks) * Block;
        if (latencies != null)
            turn.Began = Measure.Now();
        return true;
    }

    // Adds up what a read has brought, which must be a whole block. Any thread
    // may call this and Next.
    public static void Use(in Turn turn, byte[] buffer, int bytes)
    {
        if (latencies != null)
            latencies[turn.Number] = Measure.Now() - turn.Began;
        Measure.Must(bytes == Block, "read a whole block");
        // What came, and from where.
        Interlocked.Add(ref sum, Measure.AddUp(buffer) * (turn.Offset | 1));
        Interlocked.Increment(ref used);
    }

    // The same number always gives the same number, and looks like chance
    // (Steele and others' SplitMix64).
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
        Measure.Must(Block > 0 && wanted > 0 && Depth > 0, "do nothing");
        Measure.Must(Depth <= 256, "keep so many in flight");
        blocks = new FileInfo(File).Length / Block;
        Measure.Must(blocks > 0, "read less than a block");
        if (Measure.Argument("latency", 0) != 0)
            latencies = new long[wanted];
        contendReading();
        if (latencies != null)
            Measure.AddLatencies(latencies);
        Measure.Print(used, used * Block, sum);
    }

    // The contender opens the file and calls this. What it gives does all the
    // reads that Next hands out, and returns when none of them goes on any
    // more, since it is called again.
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
