// The common part of the five steps and of final's first two programs in C#.
// Each prints the same as its counterpart in C, except the lines in the diffs
// of ../README.md.
using System;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;

static unsafe class Program
{
    static string program = "steps";
    static readonly object first = new object();

    // The name of the acting thread, at the start of every line on stdout. The
    // CLR's I/O threads have no name; Say calls them "worker".
    [ThreadStatic] static string? actor;

    // Reports a failure on stderr, and returns the exit status 1.
    public static int Report(string tried, string name, uint error)
    {
        string text = new Win32Exception((int)error).Message;
        string shown = name.Length > 1500 ? name.Substring(0, 1500) : name;
        string line = $"{program}: cannot {tried} '{shown}': " +
            $"{text.Replace("\r\n", " ")} (error {error})\n";
        Console.OpenStandardError().Write(Encoding.UTF8.GetBytes(line));
        return 1;
    }

    // For calls that fail only if something is badly wrong: ends the process.
    // The lock is never released, so that only the first thread reports.
    public static void Check(bool ok, string tried, string name)
    {
        uint error = LastError(ok);
        if (ok)
            return;
        Monitor.Enter(first);
        Environment.Exit(Report(tried, name, error));
    }

    // Prints an event as one line with one WriteFile. Console.WriteLine would
    // be simpler, but it ignores some errors: see ../README.md.
    public static void Say(string what)
    {
        byte[] line = Encoding.UTF8.GetBytes(
            $"{actor ?? "worker"}: {what}\n");
        fixed (byte* bytes = line)
            Check(WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes,
                            (uint)line.Length, out _, null),
                  "write to", "stdout");
    }

    // Asks for the error immediately. Even the first use of a class may run its
    // initializers before, and these may call Win32, too.
    public static SafeFileHandle Open(string path, uint flags, out uint error)
    {
        SafeFileHandle file = CreateFileW(
            path, GENERIC_READ, FILE_SHARE_READ_WRITE_DELETE, IntPtr.Zero,
            OPEN_EXISTING, flags | ANONYMOUS, IntPtr.Zero);
        error = LastError(!file.IsInvalid);
        return file;
    }

    public static SafeFileHandle OpenOverlapped(string path, out uint error) =>
        Open(path, FILE_FLAG_OVERLAPPED, out error);

    // Returns the Win32 error of an exception: the low half of an HRESULT that
    // begins with 0x8007. FileStream refuses a device without a Win32 error.
    public static uint? Win32Error(Exception exception)
    {
        uint result = (uint)exception.HResult;
        if (exception is NotSupportedException)
            return ERROR_NOT_SUPPORTED;
        return result >> 16 == 0x8007 ? result & 0xFFFF : (uint?)null;
    }

    // Returns 0 or a Win32 error, as pool_bind_handle does. Only the overload
    // for an IntPtr is obsolete.
    public static uint BindHandle(SafeHandle file)
    {
        try
        {
            return ThreadPool.BindHandle(file) ? 0 : ERROR_NOT_SUPPORTED;
        }
        catch (Exception exception) when (Win32Error(exception) is uint error)
        {
            return error;
        }
    }

    // Posts a packet of 0 bytes. Returns 0 or a Win32 error.
    public static uint Post(NativeOverlapped* overlapped)
    {
        try
        {
            return ThreadPool.UnsafeQueueNativeOverlapped(overlapped)
                ? 0
                : ERROR_NOT_SUPPORTED;
        }
        catch (Exception exception) when (Win32Error(exception) is uint error)
        {
            return error;
        }
    }

    static int Usage(string rest)
    {
        Console.Error.Write($"usage: {program} {rest}\n");
        return 2;
    }

    // Runs a step whose only argument is a file.
    static int RunStep(string name, string[] args, Func<string, int> show)
    {
        program = name;
        if (args.Length != 2)
            return Usage("FILE");
        int status = show(args[1]);
        if (status == 0)
            Say("done");
        return status;
    }

    static int RunStep5(string[] args)
    {
        program = "step5-readfile";
        long offset = 0;
        if (args.Length < 2 || args.Length > 3 ||
            (args.Length == 3 && !Step5.ParseOffset(args[2], out offset)))
            return Usage("FILE [OFFSET]");
        return Step5.Run(args[1], offset);
    }

    // As in C, a missing name is an empty one.
    static int RunFinal(string name, string[] args, Func<string, int> run)
    {
        program = name;
        return run(args.Length > 1 ? args[1] : "");
    }

    static int Main(string[] args)
    {
        actor = "main";
        return (args.Length > 0 ? args[0] : "") switch
        {
            "1" => RunStep("step1-create", args, Step1.Run),
            "2" => RunStep("step2-bind", args, Step2.Run),
            "3" => RunStep("step3-callback", args, Step3.Run),
            "4" => RunStep("step4-overlapped", args, Step4.Run),
            "5" => RunStep5(args),
            "threads" => RunStep("threads", args, Threads.Run),
            "loop" => RunStep("loop", args, Loop.Run),
            "cases" => RunStep("cases", args, Cases.Run),
            "final" => RunFinal("raw", args, Final.Run),
            "stream" => RunFinal("stream", args, Stream.Run),
            _ => Usage("1|2|3|4|5|final|stream|threads|loop|cases FILE [OFFSET]"),
        };
    }
}
