// The work: many reads are pending on a pipe that brings little.
// bench/pipe/job.c in C#: the same arguments, the same pieces, the same sum.
//
//      reads=COUNT    all pending at the same time; default 1000
//      piece=BYTES    a multiple of 8, up to 4096; default 64
//      pause=MS       before each piece; default 1
//      threads=COUNT  of each kind in .NET's pool; default 0: .NET's default
//
// It adds threads_pending, memory_pending_kib, median_ns and p99_ns, as in C.
// There is no warm-up: each read gets only one piece, and the slow first reads
// do not change the median.

using System;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Threading;

namespace Pipe
{

static class Job
{
    const int Head = 2; // words of a piece: its number, and when it was written

    public static string Name = "";
    public static int Piece, Reads;

    static NamedPipeServerStream? pipe;
    static int pause;             // in ms
    static long[] latencies = {}; // of each piece, in ns
    static long threads, memory;  // when all reads were pending
    static long used, sum;
    static Thread? feeder;

    static long Word(long number, int index)
    {
        return number << 32 | (long)index;
    }

    static void Feed()
    {
        var piece = new byte[Piece];
        Span<long> words = MemoryMarshal.Cast<byte, long>(piece);
        pipe!.WaitForConnection();
        for (long number = 0; number < Reads; number++) {
            for (int i = Head; i < words.Length; i++)
                words[i] = Word(number, i);
            Thread.Sleep(pause);
            words[0] = number;
            words[1] = Measure.Now();
            pipe.Write(piece, 0, piece.Length);
        }
    }

    // Notes the threads and the memory, and starts the thread that writes the
    // pieces.
    public static void AllPending()
    {
        threads = Measure.ThreadCount();
        memory = Measure.MemoryKib();
        feeder = new Thread(Feed);
        feeder.Start();
    }

    // Checks a piece and adds it up. Any thread may call it.
    public static void Use(ReadOnlySpan<byte> piece)
    {
        ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(piece);
        long now = Measure.Now(), number = words[0];
        Measure.Must(piece.Length == Piece && number >= 0 && number < Reads,
                     "read a whole piece");
        Measure.Must(latencies[number] == 0, "read each piece once");
        latencies[number] = now - words[1];
        for (int i = Head; i < words.Length; i++)
            Measure.Must(words[i] == Word(number, i), "read what was written");
        Interlocked.Add(ref sum,
                        Measure.AddUp(piece.Slice(Head * sizeof(long))) *
                            (2 * number + 1));
        Interlocked.Increment(ref used);
    }

    public static void Contend(Action contendWaiting)
    {
        Piece = (int)Measure.Argument("piece", 64);
        Reads = (int)Measure.Argument("reads", 1000);
        pause = (int)Measure.Argument("pause", 1);
        Measure.Must(Reads > 0, "run with 0 reads");
        Measure.Must(Piece > Head * sizeof(long) && Piece <= 4096 &&
                         Piece % sizeof(long) == 0,
                     "use pieces of this size");
        latencies = new long[Reads];
        Name = "bench-" + Guid.NewGuid();
        pipe = new NamedPipeServerStream(Name, PipeDirection.Out, 1,
                                         PipeTransmissionMode.Byte,
                                         PipeOptions.None, 0, 1 << 16);
        contendWaiting();
        Measure.Must(used == Reads, "read all pieces");
        feeder!.Join();
        pipe.Dispose();
        Measure.Add("threads_pending", threads);
        Measure.Add("memory_pending_kib", memory);
        Measure.AddLatencies(latencies);
        Measure.Print(used, used * Piece, sum);
    }
}

}
