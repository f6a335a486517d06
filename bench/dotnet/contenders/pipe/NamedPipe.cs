// This contender uses NamedPipeClientStream.ReadAsync, and starts all reads
// before the first piece comes. In C: bench/pipe/stream.c.

using System;
using System.IO.Pipes;
using System.Threading.Tasks;

namespace Pipe
{

static class NamedPipe
{
    static async Task Read(NamedPipeClientStream pipe, byte[] piece)
    {
        int bytes = await pipe.ReadAsync(piece);
        Job.Use(piece.AsSpan(0, bytes));
    }

    public static void Contend()
    {
        using var pipe = new NamedPipeClientStream(
            ".", Job.Name, PipeDirection.In, PipeOptions.Asynchronous);
        var tasks = new Task[Job.Reads];
        var pieces = new byte[Job.Reads][];
        for (int i = 0; i < pieces.Length; i++)
            pieces[i] = new byte[Job.Piece];
        pipe.Connect();
        Measure.Begin();
        for (int i = 0; i < tasks.Length; i++)
            tasks[i] = Read(pipe, pieces[i]);
        Job.AllPending();
        Task.WhenAll(tasks).GetAwaiter().GetResult();
        Measure.End();
    }
}

}
