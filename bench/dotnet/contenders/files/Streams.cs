// This contender uses FileStream. In C: bench/files/stream.c.
//
//      style=synchronous   Read, one file after the other; no depth
//      style=asynchronous  ReadAsync, in `depth` concurrent tasks; each does one
//                          file after the other
//
// The streams have no buffer, because each read brings a whole file: see Open
// in reads/FileStreamSync.cs.

using System.IO;
using System.Threading.Tasks;

namespace Files
{

static class Streams
{
    static FileStream Open(string path, FileOptions options)
    {
        return new FileStream(path, FileMode.Open, FileAccess.Read,
                              FileShare.Read, 1, options);
    }

    static void ReadAll(byte[] buffer)
    {
        Item item = default;
        while (Job.Next(ref item)) {
            int bytes;
            using (FileStream stream = Open(item.Path, FileOptions.None))
                bytes = stream.Read(buffer, 0, buffer.Length);
            Job.Use(item, buffer, bytes);
        }
    }

    static async Task ReadAllAsync(byte[] buffer)
    {
        Item item = default;
        while (Job.Next(ref item)) {
            int bytes;
            using (FileStream stream =
                       Open(item.Path, FileOptions.Asynchronous))
                bytes = await stream.ReadAsync(buffer);
            Job.Use(item, buffer, bytes);
        }
    }

    public static void Contend()
    {
        var buffers = new byte[Job.Depth][];
        var tasks = new Task[Job.Depth];
        for (int i = 0; i < Job.Depth; i++)
            buffers[i] = new byte[Job.Buffer];
        if (Job.Style == "asynchronous")
            Job.Work(() => {
                for (int i = 0; i < Job.Depth; i++)
                    tasks[i] = ReadAllAsync(buffers[i]);
                Task.WhenAll(tasks).GetAwaiter().GetResult();
            });
        else
            Job.Work(() => ReadAll(buffers[0]));
    }
}

}
