// The work: open small files, read each, close it. bench/files/job.c in C#: the
// same arguments, the same sum.
//
//      directory=PATH  contains the files 00000, 00001, ...
//      count=COUNT     how many files
//      size=BYTES      of each file; used only to check the reads
//      buffer=BYTES    the length of a read, more than size; default 65536
//      depth=COUNT     files open at a time, up to 256; default 1
//      threads=COUNT   of each kind in .NET's pool; default 0: .NET's default
//      style=WORD      synchronous or asynchronous
//
// One read brings a whole file, because the buffer is larger than the file.
// Fewer bytes than asked for mean the end of the file.

using System;
using System.Threading;

namespace Files
{

// One file.
struct Item
{
    public long Number;
    public string Path;
}

static class Job
{
    public static string Style = "";
    public static int Buffer, Depth;

    static string directory = "";
    static long wanted, count; // to measure; in this call of Work's action
    static int size;           // of each
    static long taken, used, sum;

    // Fills in the next file. Returns false if no file is left. Any thread may
    // call it.
    public static bool Next(ref Item item)
    {
        item.Number = Interlocked.Increment(ref taken) - 1;
        if (item.Number >= count)
            return false;
        item.Path = directory + "/" + item.Number.ToString("d5");
        return true;
    }

    // Adds up the bytes of a file, which must be all of them. Any thread may
    // call it.
    public static void Use(in Item item, byte[] buffer, int bytes)
    {
        Measure.Must(bytes < Buffer, "read a file to its end");
        Measure.Must(bytes == size, "read a whole file");
        // Depends on the bytes and on the file.
        Interlocked.Add(ref sum, Measure.AddUp(buffer.AsSpan(0, bytes)) *
                                     (2 * item.Number + 1));
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
        Measure.Must(wanted > 0 && size > 0 && Depth > 0,
                     "run with 0 files, 0 bytes or depth 0");
        Measure.Must(size < Buffer, "read a file with one read");
        Measure.Must(Depth <= 256, "keep so many files open");
        contendWithFiles();
        Measure.Print(used, used * size, sum);
    }

    // Measures. The contender gives an action that does all files that Next
    // returns. Work may call it several times, for the warm-up first.
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
