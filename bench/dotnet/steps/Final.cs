// The pool as it is in .NET now: ThreadPoolBoundHandle. C: the first program in
// final/README.md. One PreAllocatedOverlapped serves all reads, and pins the
// buffer.
using System;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

static unsafe class Final
{
    static readonly byte[] buffer = new byte[4096];
    static readonly ManualResetEvent finished = new ManualResetEvent(false);
    static SafeFileHandle file = null!; // Run and ReadAll set these
    static ThreadPoolBoundHandle bound = null!;
    static PreAllocatedOverlapped request = null!;
    static long total;
    static uint error;

    static void ReadNext()
    {
        NativeOverlapped* overlapped = bound.AllocateNativeOverlapped(request);
        overlapped->OffsetLow = (int)total;
        overlapped->OffsetHigh = (int)(total >> 32);
        uint error;
        fixed (byte* bytes = buffer)
            error = LastError(ReadFile(file, bytes, (uint)buffer.Length, null,
                                       overlapped));
        if (error == ERROR_SUCCESS || error == ERROR_IO_PENDING)
            return; // a packet comes, or has come: OnRead is called
        OnRead(error, 0, overlapped);
    }

    static void OnRead(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        bound.FreeNativeOverlapped(overlapped); // request is idle again
        total += bytes;
        if (error == ERROR_SUCCESS && bytes > 0)
        {
            ReadNext();
            return;
        }
        Final.error = error == ERROR_HANDLE_EOF ? ERROR_SUCCESS : error;
        finished.Set();
    }

    // Binds the file and reads it to its end.
    static void ReadAll()
    {
        using (bound = ThreadPoolBoundHandle.BindHandle(file))
        using (request = new PreAllocatedOverlapped(OnRead, null, buffer))
        {
            ReadNext();
            finished.WaitOne();
        }
    }

    public static int Run(string path)
    {
        using SafeFileHandle opened = OpenOverlapped(path, out uint failure);
        if (failure != ERROR_SUCCESS)
            return Report("open", path, failure);
        if (GetFileType(opened) != FILE_TYPE_DISK)
            return Report("read", path, ERROR_NOT_SUPPORTED);
        file = opened;
        ReadAll();
        if (error != ERROR_SUCCESS)
            return Report("read", path, error);
        Say($"{total} bytes");
        return 0;
    }
}
