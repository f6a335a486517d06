// This contender uses FileStream.ReadAsync on one stream, and awaits each read
// before the next. In C: bench/reads/stream.c with style=asynchronous.
//
// Each read also asks for the length of the file, and moves the position of the
// handle. If the buffer is larger than a read, ReadAsync blocks until the
// buffer is full; it is asynchronous only without such a buffer
// (ReadNativeAsync and ReadAsyncInternal, in the file that FileStreamSync.cs
// names).

using System.IO;
using System.Threading.Tasks;

namespace Reads
{

static class FileStreamAsync
{
    public static async Task ReadAll(FileStream stream, byte[] buffer)
    {
        Item item = default;
        while (Job.Next(ref item)) {
            if (stream.Position != item.Offset)
                stream.Position = item.Offset;
            int bytes = await stream.ReadAsync(buffer);
            Job.Use(item, buffer, bytes);
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
