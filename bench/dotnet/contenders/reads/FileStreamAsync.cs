// Contends with FileStream.ReadAsync on one stream, each read awaited before
// the next. In C: bench/reads/stream.c with style=asynchronous.
//
// Each read also asks how long the file is, and moves the handle's position.
// With a buffer larger than a read, ReadAsync waits until it has filled that: it
// is asynchronous only without (ReadNativeAsync and ReadAsyncInternal, where
// reads/FileStreamSync.cs says).

using System.IO;
using System.Threading.Tasks;

namespace Reads
{

static class FileStreamAsync
{
    public static async Task ReadAll(FileStream stream, byte[] buffer)
    {
        Turn turn = default;
        while (Job.Next(ref turn)) {
            if (stream.Position != turn.Offset)
                stream.Position = turn.Offset;
            int bytes = await stream.ReadAsync(buffer);
            Job.Use(turn, buffer, bytes);
        }
    }

    public static void Contend()
    {
        var buffer = new byte[Job.Block];
        using FileStream stream = FileStreamSync.Open(FileOptions.Asynchronous);
        Job.Work(() => ReadAll(stream, buffer).GetAwaiter().GetResult());
    }
}

}
