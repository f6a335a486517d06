// FileStream does everything. C: the second program in final/README.md.
using System;
using System.IO;
using static Program;

static class Stream
{
    static long CountBytes(FileStream stream)
    {
        byte[] buffer = new byte[4096];
        long total = 0;
        int bytes;
        do
        {
            // As in C, main blocks. An async method would await the read.
            bytes = stream.ReadAsync(buffer, 0, buffer.Length)
                .GetAwaiter().GetResult();
            total += bytes;
        } while (bytes > 0);
        return total;
    }

    public static int Run(string path)
    {
        string tried = "open";
        try
        {
            using var stream = new FileStream(
                path, FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete, 4096,
                FileOptions.Asynchronous);
            tried = "read";
            Say($"{CountBytes(stream)} bytes");
            return 0;
        }
        catch (Exception exception) when (Win32Error(exception) is uint error)
        {
            return Report(tried, path, error);
        }
    }
}
