// Step 2: bind the handle to the pool. C: step2-bind.
// The process already has a pool with a port, which the program cannot use
// directly. It can only post a packet with 0 bytes, and only the pool takes it
// out. So this step already needs the callback of step 3.
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

static unsafe class Step2
{
    static int Show(SafeFileHandle file)
    {
        uint error = BindHandle(file); // the second bind; Run did the first
        if (error != ERROR_INVALID_PARAMETER)
            return Report("get error 87 from a second bind to", "port", error);
        Say($"bound; a second bind fails (error {error})");

        using var taken = new ManualResetEvent(false);
        NativeOverlapped* packet = null;
        packet = new Overlapped().Pack((code, bytes, overlapped) =>
        {
            string which = overlapped == packet ? "the same" : "another";
            Say($"took out a packet: {bytes} bytes, {which} OVERLAPPED");
            taken.Set();
        }, null);
        Say("posting a packet");
        error = Post(packet);
        if (error == ERROR_SUCCESS)
            taken.WaitOne();
        Overlapped.Free(packet);
        return error == ERROR_SUCCESS ? 0 : Report("post to", "port", error);
    }

    public static int Run(string path)
    {
        using SafeFileHandle file = OpenOverlapped(path, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        error = BindHandle(file);
        return error == ERROR_SUCCESS ? Show(file)
                                      : Report("bind", path, error);
    }
}
