// Which threads run a callback? C: none; see "Then and now" in ../README.md.
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

static unsafe class Threads
{
    const int More = 8;

    static readonly ManualResetEvent release = new ManualResetEvent(false);
    static readonly AutoResetEvent called = new AutoResetEvent(false);
    static readonly CountdownEvent missing = new CountdownEvent(More);
    static string? name;

    static bool Queue(IOCompletionCallback callback) =>
        Post(new Overlapped().Pack(callback, null)) == ERROR_SUCCESS;

    static void Block(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        Overlapped.Free(overlapped);
        name = Thread.CurrentThread.Name;
        called.Set();
        release.WaitOne();
    }

    static void Count(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        Overlapped.Free(overlapped);
        missing.Signal();
    }

    static void Call(uint error, uint bytes, NativeOverlapped* overlapped)
    {
        Overlapped.Free(overlapped);
        called.Set();
    }

    // .NET Core 3.1 also counts a thread that is about to wait for a packet, so
    // the exact number varies.
    static string Some(int busy) => busy > 0 ? "some" : "none";

    // One callback blocks. Which thread runs it, and which run the others?
    static bool ShowOne()
    {
        if (!Queue(Block))
            return false;
        called.WaitOne();
        ThreadPool.GetMaxThreads(out int workers, out int others);
        ThreadPool.GetAvailableThreads(out int idle, out int idleOthers);
        Say($"a callback blocks, on a thread named '{name}'");
        Say($"busy: {Some(workers - idle)} of the workers, " +
            $"{Some(others - idleOthers)} of the I/O threads");
        for (int i = 0; i < More; i++)
            if (!Queue(Count))
                return false;
        missing.Wait();
        release.Set();
        Say($"meanwhile, {More} more callbacks have run");
        return true;
    }

    // All workers block. Does a callback need a worker?
    static bool ShowAll()
    {
        const int Patience = 3000; // ms; a callback takes some microseconds
        ThreadPool.GetMinThreads(out int workers, out int others);
        ThreadPool.SetMaxThreads(workers, others);
        using var blocked = new CountdownEvent(workers);
        release.Reset();
        for (int i = 0; i < workers; i++)
            ThreadPool.QueueUserWorkItem(_ =>
            {
                blocked.Signal();
                release.WaitOne();
            });
        blocked.Wait();
        Say("all workers block");
        if (!Queue(Call))
            return false;
        bool free = called.WaitOne(Patience);
        Say(free ? "a callback runs" : "a callback waits for a worker");
        release.Set();
        if (!free)
            called.WaitOne();
        return true;
    }

    public static int Run(string path)
    {
        using SafeFileHandle file = OpenOverlapped(path, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        error = BindHandle(file);
        if (error != ERROR_SUCCESS)
            return Report("bind", path, error);
        return ShowOne() && ShowAll() ? 0 : Report("post to", "port", 8);
    }
}
