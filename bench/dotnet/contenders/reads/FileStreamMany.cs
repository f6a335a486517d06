// Contends with `depth` asynchronous FileStreams, each of which awaits one read
// after the other: one stream has but one position, so no more than one read
// in flight is of use. In C: bench/reads/stream.c with style=callbacks.

using System.IO;
using System.Threading.Tasks;

namespace Reads
{

static class FileStreamMany
{
    public static void Contend()
    {
        var streams = new FileStream[Job.Depth];
        var buffers = new byte[Job.Depth][];
        var tasks = new Task[Job.Depth];
        for (int i = 0; i < Job.Depth; i++) {
            streams[i] = FileStreamSync.Open(FileOptions.Asynchronous);
            buffers[i] = new byte[Job.Block];
        }
        Job.Work(() => {
            for (int i = 0; i < Job.Depth; i++)
                tasks[i] = FileStreamAsync.ReadAll(streams[i], buffers[i]);
            Task.WhenAll(tasks).GetAwaiter().GetResult();
        });
        foreach (FileStream stream in streams)
            stream.Dispose();
    }
}

}
