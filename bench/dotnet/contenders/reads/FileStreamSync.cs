// This contender uses FileStream.Read, one read after the other. In C:
// bench/reads/stream.c with style=synchronous, and stdio.c.

using System;
using System.IO;

namespace Reads
{

static class FileStreamSync
{
    // The buffer cannot have 0 bytes. A buffer of 1 byte is as good as none: a
    // read that is not smaller than the buffer does not use it (ReadSpan in
    // dotnet/corefx, src/Common/src/CoreLib/System/IO/FileStream.Windows.cs).
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
            Item item = default;
            while (Job.Next(ref item)) {
                if (stream.Position != item.Offset)
                    stream.Position = item.Offset;
                int bytes = stream.Read(buffer, 0, buffer.Length);
                Job.Use(item, buffer, bytes);
            }
        });
    }
}

}
