// This contender uses RandomAccess, which .NET has had since version 6: reads at
// an offset, without a stream. In C: bench/reads/sync_offset.c and pool.c.
//
//      style=synchronous   Read, one read after the other; no depth
//      style=asynchronous  ReadAsync, in `depth` concurrent tasks on one handle;
//                          each does one read after the other

#if NET6_0_OR_GREATER
using System.IO;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;

namespace Reads
{

static class AtOffset
{
    static SafeFileHandle Open(FileOptions options)
    {
        return File.OpenHandle(Job.File, FileMode.Open, FileAccess.Read,
                               FileShare.Read, options);
    }

    static void ReadAll(SafeFileHandle file, byte[] buffer)
    {
        Item item = default;
        while (Job.Next(ref item))
            Job.Use(item, buffer, RandomAccess.Read(file, buffer, item.Offset));
    }

    static async Task ReadAllAsync(SafeFileHandle file, byte[] buffer)
    {
        Item item = default;
        while (Job.Next(ref item)) {
            int bytes = await RandomAccess.ReadAsync(file, buffer, item.Offset);
            Job.Use(item, buffer, bytes);
        }
    }

    static void ContendAsynchronously()
    {
        using SafeFileHandle file = Open(FileOptions.Asynchronous);
        var buffers = new byte[Job.Depth][];
        var tasks = new Task[Job.Depth];
        for (int i = 0; i < Job.Depth; i++)
            buffers[i] = new byte[Job.Block];
        Job.Work(() => {
            for (int i = 0; i < Job.Depth; i++)
                tasks[i] = ReadAllAsync(file, buffers[i]);
            Task.WhenAll(tasks).GetAwaiter().GetResult();
        });
    }

    public static void Contend()
    {
        if (Measure.Argument("style", "") == "asynchronous") {
            ContendAsynchronously();
            return;
        }
        using SafeFileHandle file = Open(FileOptions.None);
        var buffer = new byte[Job.Block];
        Job.Work(() => ReadAll(file, buffer));
    }
}

}
#endif
