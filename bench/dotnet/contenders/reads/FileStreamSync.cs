// Contends with FileStream.Read, one read after the other. In C:
// bench/reads/stream.c with style=synchronous, and stdio.c.

using System;
using System.IO;

namespace Reads
{

static class FileStreamSync
{
    // A stream without a buffer is one whose buffer is not larger than any
    // read: such a read goes past it (ReadSpan in dotnet/corefx,
    // src/Common/src/CoreLib/System/IO/FileStream.Windows.cs). It cannot be 0.
    public static FileStream Open(FileOptions options)
    {
        return new FileStream(Job.File, FileMode.Open, FileAccess.Read,
                              FileShare.Read, Math.Max(Job.Buffer, 1),
                              options);
    }

    public static void Contend()
    {
        var buffer = new byte[Job.Block];
        using FileStream stream = Open(FileOptions.None);
        Job.Work(() => {
            Turn turn = default;
            while (Job.Next(ref turn)) {
                if (stream.Position != turn.Offset)
                    stream.Position = turn.Offset;
                int bytes = stream.Read(buffer, 0, buffer.Length);
                Job.Use(turn, buffer, bytes);
            }
        });
    }
}

}
