// This contender uses Stream.CopyTo between two synchronous FileStreams, 1 MiB at
// a time. In C: bench/copy/sync.c.

using System.IO;

namespace Copy
{

static class CopyTo
{
    public static void Contend()
    {
        using var source = new FileStream(
            Job.Source, FileMode.Open, FileAccess.Read, FileShare.Read, 1,
            FileOptions.SequentialScan);
        using var destination = new FileStream(Job.Destination, FileMode.Create,
                                               FileAccess.Write, FileShare.None,
                                               1);
        source.CopyTo(destination, Job.Block);
        if (Job.Flush)
            destination.Flush(true);
    }
}

}
