// This contender uses `depth` asynchronous FileStreams, and awaits one read
// after the other on each. A stream has only one position, so a second read in
// flight on it would not help. In C: bench/reads/stream.c with style=callbacks.

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
