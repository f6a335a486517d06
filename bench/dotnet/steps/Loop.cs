// The loop that the article of 2008 shows, with its mistakes: one buffer for all
// reads, no limit, and an end only if ReadFile itself reports the end of the file.
// C: none. This program adds a limit, and counts.
using System;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

static unsafe class Loop
{
    const int Most = 2000;
    const int Size = 32768;

    static readonly byte[] buffer = new byte[Size];
    static readonly CountdownEvent missing = new CountdownEvent(1);
    static int withData, withEnd;

    static void OnRead(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        Overlapped.Free(overlapped);
        if (bytes > 0)
            Interlocked.Increment(ref withData);
        else if (error == ERROR_HANDLE_EOF)
            Interlocked.Increment(ref withEnd);
        missing.Signal();
    }

    // Returns the error of ReadFile, which is 997 if the read is queued.
    static uint Read(SafeFileHandle file, int offset)
    {
        NativeOverlapped* overlapped =
            new Overlapped(offset, 0, IntPtr.Zero, null).Pack(OnRead, buffer);
        missing.AddCount();
        uint error;
        fixed (byte* bytes = buffer)
            error = LastError(ReadFile(file, bytes, Size, null, overlapped));
        if (error == ERROR_SUCCESS || error == ERROR_IO_PENDING)
            return ERROR_IO_PENDING;
        Overlapped.Free(overlapped);
        missing.Signal();
        return error;
    }

    static int Show(SafeFileHandle file, string path)
    {
        int reads = 0;
        uint error = ERROR_IO_PENDING;
        while (error == ERROR_IO_PENDING && reads < Most)
            error = Read(file, Size * reads++);
        missing.Signal();
        missing.Wait();
        if (error != ERROR_IO_PENDING && error != ERROR_HANDLE_EOF)
            return Report("read", path, error);
        Say(error == ERROR_HANDLE_EOF
                ? $"ReadFile reported the end: {reads} reads"
                : $"{reads} reads, and ReadFile never reported the end");
        Say($"callbacks: {withData} with data, {withEnd} with the end");
        return 0;
    }

    public static int Run(string path)
    {
        using SafeFileHandle file = OpenOverlapped(path, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        error = BindHandle(file);
        return error == ERROR_SUCCESS ? Show(file, path)
                                      : Report("bind", path, error);
    }
}
