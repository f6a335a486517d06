// Step 4: pack callback, buffer and offset into one request. C:
// step4-overlapped. From the NativeOverlapped of a packet, the CLR finds its
// Overlapped.
using System;
using System.Text;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

static unsafe class Step4
{
    static int packed, freed;

    // An Overlapped with the data that the callback needs, as struct request
    // has an OVERLAPPED and more.
    sealed class Request : Overlapped
    {
        public readonly byte[] Buffer;
        public readonly AutoResetEvent Called;

        public Request(byte[] buffer, AutoResetEvent called, long offset)
            : base((int)offset, (int)(offset >> 32), IntPtr.Zero, null)
        {
            Buffer = buffer;
            Called = called;
        }
    }

    static string Text(byte[] buffer) => Encoding.ASCII.GetString(buffer);

    static void Tell(string who, uint error, uint bytes,
                     NativeOverlapped* overlapped)
    {
        var request = (Request)Overlapped.Unpack(overlapped);
        Say($"{who}: error {error}, {bytes} bytes in " +
            $"'{Text(request.Buffer)}', high half {overlapped->OffsetHigh}, " +
            $"low half {overlapped->OffsetLow}");
        Overlapped.Free(overlapped); // its packet came, so it belongs to us
        Interlocked.Increment(ref freed);
        request.Called.Set();
    }

    static void OnFirst(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        Tell("on_first", error, bytes, overlapped);
    }

    static void OnSecond(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        Tell("on_second", error, bytes, overlapped);
    }

    // Pack pins the buffer until Free.
    static NativeOverlapped* PackAndSay(IOCompletionCallback callback,
                                        Request request, long offset)
    {
        Say($"packing offset {offset} with '{Text(request.Buffer)}'");
        NativeOverlapped* overlapped = request.Pack(callback, request.Buffer);
        packed++; // only main changes it
        return overlapped;
    }

    // After the post, the request does not belong to us.
    static int PostByHand(NativeOverlapped* overlapped, Request request)
    {
        Say($"posting the packet of '{Text(request.Buffer)}'");
        uint error = Post(overlapped);
        if (error != ERROR_SUCCESS)
            return Report("post to", "port", error); // freed at exit
        request.Called.WaitOne();
        return 0;
    }

    static int Show()
    {
        using var called = new AutoResetEvent(false);
        const long Beyond4GiB = (4L << 30) + 64;
        var one = new Request(Encoding.ASCII.GetBytes("first buffer"), called,
                              64);
        var two = new Request(Encoding.ASCII.GetBytes("second buffer"), called,
                              Beyond4GiB);
        NativeOverlapped* first = PackAndSay(OnFirst, one, 64);
        NativeOverlapped* second = PackAndSay(OnSecond, two, Beyond4GiB);
        int status = PostByHand(second, two);
        if (status == 0)
            status = PostByHand(first, one);
        if (status == 0)
            Say($"packed {packed}, freed {freed}");
        return status;
    }

    public static int Run(string path)
    {
        using SafeFileHandle file = OpenOverlapped(path, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        error = BindHandle(file);
        return error == ERROR_SUCCESS ? Show() : Report("bind", path, error);
    }
}
