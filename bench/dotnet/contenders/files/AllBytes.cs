// This contender uses File.ReadAllBytesAsync in `depth` concurrent tasks. Each
// call opens a file, asks for its length, reads it into a new array, and closes
// it. In C: bench/files/stream.c with style=asynchronous.

using System.IO;
using System.Threading.Tasks;

namespace Files
{

static class AllBytes
{
    static async Task ReadAllAsync()
    {
        Item item = default;
        while (Job.Next(ref item)) {
            byte[] bytes = await File.ReadAllBytesAsync(item.Path);
            Job.Use(item, bytes, bytes.Length);
        }
    }

    public static void Contend()
    {
        var tasks = new Task[Job.Depth];
        Job.Work(() => {
            for (int i = 0; i < Job.Depth; i++)
                tasks[i] = ReadAllAsync();
            Task.WhenAll(tasks).GetAwaiter().GetResult();
        });
    }
}

}
