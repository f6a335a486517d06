// The work: copy a file. bench/copy/job.c in C#.
//
//      source=PATH
//      destination=PATH  made, or overwritten
//      flush=0           do not wait until the system has it on the disk; 1: do
//
// What is measured begins before the files are opened, and ends when they are
// closed. .NET is not warmed up: a copy takes long, and compiling does not.

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
        Measure.Must(bytes == new FileInfo(Source).Length, "copy all of it");
        Measure.Print(1, bytes, 0);
    }
}

}
