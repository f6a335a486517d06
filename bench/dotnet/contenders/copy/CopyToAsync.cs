// This contender uses Stream.CopyToAsync between two asynchronous FileStreams,
// 1 MiB at a time. In C: bench/copy/sync.c, and final's copy.exe.

using System.IO;
using System.Threading.Tasks;

namespace Copy
{

static class CopyToAsync
{
    static async Task Copy()
    {
        using var source = new FileStream(
            Job.Source, FileMode.Open, FileAccess.Read, FileShare.Read, 1,
            FileOptions.Asynchronous | FileOptions.SequentialScan);
        using var destination = new FileStream(
            Job.Destination, FileMode.Create, FileAccess.Write, FileShare.None,
            1, FileOptions.Asynchronous);
        await source.CopyToAsync(destination, Job.Block);
        if (Job.Flush)
            destination.Flush(true);
    }

    public static void Contend()
    {
        Copy().GetAwaiter().GetResult();
    }
}

}
