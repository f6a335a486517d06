// The work: open small files, read each, close it. bench/files/job.c in C#: the
// same arguments, the same sum.
//
//      directory=PATH  has the files 00000, 00001, ...
//      count=COUNT     how many
//      size=BYTES      how large each is; only the check of what came knows it
//      buffer=BYTES    what a read asks for, more than that; 65536
//      depth=COUNT     files under way at once, up to 256; 1
//      threads=COUNT   of each kind in .NET's pool; 0: its default; 0
//      style=WORD      synchronous or asynchronous
//
// A file is read with one read, into a buffer larger than it: fewer bytes than
// asked for are its end.

using System;
using System.Threading;

namespace Files
{

// One file.
struct Turn
{
    public long Number;
    public string Path;
}

static class Job
{
    public static string Style = "";
    public static int Buffer, Depth;

    static string directory = "";
    static long wanted, count; // in all, and in this round
    static int size;           // of each
    static long taken, used, sum;

    // What the next file is; false: there is none left.
    public static bool Next(ref Turn turn)
    {
        turn.Number = Interlocked.Increment(ref taken) - 1;
        if (turn.Number >= count)
            return false;
        turn.Path = directory + "/" + turn.Number.ToString("d5");
        return true;
    }

    // Adds up what a file has brought, which must be all of it. Any thread may
    // call this and Next.
    public static void Use(in Turn turn, byte[] buffer, int bytes)
    {
        Measure.Must(bytes < Buffer, "read a file to its end");
        Measure.Must(bytes == size, "read a whole file");
        // What came, and from which file.
        Interlocked.Add(ref sum, Measure.AddUp(buffer.AsSpan(0, bytes)) *
                                     (2 * turn.Number + 1));
        Interlocked.Increment(ref used);
    }

    public static void Contend(Action contendWithFiles)
    {
        Style = Measure.Argument("style", "");
        Buffer = (int)Measure.Argument("buffer", 1 << 16);
        Depth = (int)Measure.Argument("depth", 1);
        directory = Measure.Argument("directory", "");
        wanted = Measure.Argument("count", 1);
        size = (int)Measure.Argument("size", 4096);
        Measure.Must(wanted > 0 && size > 0 && Depth > 0, "do nothing");
        Measure.Must(size < Buffer, "read a file with one read");
        Measure.Must(Depth <= 256, "keep so many under way");
        contendWithFiles();
        Measure.Print(used, used * size, sum);
    }

    // What the contender gives it does all the files that Next hands out; it is
    // called again.
    public static void Work(Action doAll)
    {
        Measure.Work(wanted, files => {
            count = files;
            taken = used = sum = 0;
            doAll();
            Measure.Must(used == count, "do all the files");
        });
    }
}

}
