// The work: copy a file. bench/copy/job.c in C#.
//
//      source=PATH
//      destination=PATH  created or overwritten
//      flush=0           do not wait until the bytes are on the disk; default 1
//
// The time begins before the files are opened, and ends when they are closed.
// There is no warm-up: compared with a copy, compiling takes little time.

using System;
using System.IO;

namespace Copy
{

static class Job
{
    public const int Block = 1 << 20; // in bytes

    public static string Source = "", Destination = "";
    public static bool Flush;

    public static void Contend(Action copy)
    {
        Source = Measure.Argument("source", "");
        Destination = Measure.Argument("destination", "");
        Flush = Measure.Argument("flush", 1) != 0;
        Measure.Begin();
        copy();
        Measure.End();
        long bytes = new FileInfo(Destination).Length;
        Measure.Must(bytes == new FileInfo(Source).Length,
                     "copy the whole file");
        Measure.Print(1, bytes, 0);
    }
}

}
