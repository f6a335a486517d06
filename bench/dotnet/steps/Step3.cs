// Step 3: a callback for the pool's threads to call. C: step3-callback. The
// program can post a success, but not a failure. So it makes a real failure: it
// reads far after the end of the file.
using System;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

static unsafe class Step3
{
    static readonly AutoResetEvent called = new AutoResetEvent(false);

    // An IOCompletionCallback.
    static void OnPacket(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        Overlapped.Free(overlapped); // its packet came, so it belongs to us
        if (error == ERROR_SUCCESS)
            Say($"callback: success, {bytes} bytes");
        else
            Say($"callback: failure (error {error}), {bytes} bytes");
        called.Set();
    }

    static int PostSuccess()
    {
        NativeOverlapped* packet = new Overlapped().Pack(OnPacket, null);
        Say("posting a success with 0 bytes");
        uint error = Post(packet);
        if (error != ERROR_SUCCESS)
        {
            Overlapped.Free(packet);
            return Report("post to", "port", error);
        }
        called.WaitOne();
        return 0;
    }

    static int ReadAfterTheEnd(SafeFileHandle file, string path)
    {
        byte[] buffer = new byte[64];
        var request = new Overlapped(0, 0x40000000, IntPtr.Zero, null);
        NativeOverlapped* packet = request.Pack(OnPacket, buffer);
        Say("reading after the end of the file");
        uint error;
        fixed (byte* bytes = buffer) // Pack pins it until Free
            error = LastError(ReadFile(file, bytes, 64, null, packet));
        if (error != ERROR_SUCCESS && error != ERROR_IO_PENDING)
        {
            Overlapped.Free(packet); // no packet comes
            if (error != ERROR_HANDLE_EOF)
                return Report("read", path, error);
            Say($"ReadFile: failure (error {error}), no packet");
            return 0;
        }
        called.WaitOne();
        return 0;
    }

    public static int Run(string path)
    {
        using SafeFileHandle file = OpenOverlapped(path, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        error = BindHandle(file);
        if (error != ERROR_SUCCESS)
            return Report("bind", path, error);
        int status = PostSuccess();
        return status == 0 ? ReadAfterTheEnd(file, path) : status;
    }
}
