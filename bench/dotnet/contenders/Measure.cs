// The part that all contenders share, whatever their work: bench/measure.c in
// C#.
//
//      contenders WORK/NAME name=value ...
//      contenders version   prints the version of .NET
//
// It prints the same line as the programs in C. Two members differ: .NET does
// not count allocations, so "allocations" is null, and "allocated_bytes" has
// their bytes. "collections" is the number of garbage collections.

using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

static unsafe class Measure
{
    static string contender = "contenders";
    static string[] arguments = {};

    static int Main(string[] args)
    {
        AppDomain.CurrentDomain.UnhandledException += OnException;
        Must(args.Length > 0, "run without a name");
        contender = args[0].Substring(args[0].IndexOf('/') + 1);
        arguments = args;
        SetThreads();
        switch (args[0]) {
        case "reads/BindHandle":
            Reads.Job.Contend(Reads.BindHandle.Contend);
            break;
        case "reads/BoundHandle":
            Reads.Job.Contend(Reads.BoundHandle.Contend);
            break;
        case "reads/FileStreamSync":
            Reads.Job.Contend(Reads.FileStreamSync.Contend);
            break;
        case "reads/FileStreamAsync":
            Reads.Job.Contend(Reads.FileStreamAsync.Contend);
            break;
        case "reads/FileStreamMany":
            Reads.Job.Contend(Reads.FileStreamMany.Contend);
            break;
#if NET6_0_OR_GREATER
        case "reads/AtOffset":
            Reads.Job.Contend(Reads.AtOffset.Contend);
            break;
#endif
        case "files/AllBytes":
            Files.Job.Contend(Files.AllBytes.Contend);
            break;
        case "files/FileStream":
            Files.Job.Contend(Files.Streams.Contend);
            break;
        case "pipe/BoundHandle":
            Pipe.Job.Contend(Pipe.BoundHandle.Contend);
            break;
        case "pipe/NamedPipe":
            Pipe.Job.Contend(Pipe.NamedPipe.Contend);
            break;
        case "copy/CopyTo":
            Copy.Job.Contend(Copy.CopyTo.Contend);
            break;
        case "copy/CopyToAsync":
            Copy.Job.Contend(Copy.CopyToAsync.Contend);
            break;
        case "copy/FileCopy":
            Copy.Job.Contend(Copy.FileCopy.Contend);
            break;
        case "version":
            Console.Out.WriteLine(RuntimeInformation.FrameworkDescription);
            break;
        default:
            Must(false, "find a contender of this name");
            break;
        }
        return 0;
    }

    // ---- Arguments ------------------------------------------------------

    public static string Argument(string name, string fallback)
    {
        foreach (string each in arguments)
            if (each.Length > name.Length && each[name.Length] == '=' &&
                each.StartsWith(name, StringComparison.Ordinal))
                return each.Substring(name.Length + 1);
        return fallback;
    }

    public static long Argument(string name, long fallback)
    {
        string value = Argument(name, "");
        return value != "" ? long.Parse(value) : fallback;
    }

    // .NET's pool has two kinds of threads. I/O threads take packets from its
    // completion port and call back. Workers do all other work, such as the
    // continuation of an await. Up to the minimum, .NET starts a thread
    // whenever it needs one. The maximum cannot be smaller than the minimum.
    static void SetThreads()
    {
        long threads = Argument("threads", 0);
        if (threads > 0)
            Must(ThreadPool.SetMinThreads((int)threads, (int)threads) &&
                     ThreadPool.SetMaxThreads((int)threads, (int)threads),
                 "have so many threads");
    }

    // ---- Errors: print one line, and end the process --------------------

    public static void Must(bool ok, string tried)
    {
        if (!ok)
            Fail("cannot " + tried);
    }

    static void OnException(object sender, UnhandledExceptionEventArgs args)
    {
        Fail(((Exception)args.ExceptionObject).Message);
    }

    // If several threads fail, the first one ends the process, and the others
    // wait.
    static void Fail(string why)
    {
        lock (members) {
            Console.Error.WriteLine(contender + ": " + why);
            Environment.Exit(1);
        }
    }

    // ---- Measuring ------------------------------------------------------

    static long began, cpu, serverCpu, allocated;
    static int collections;
    static readonly StringBuilder members = new StringBuilder();

    public static void Begin()
    {
        allocated = GC.GetTotalAllocatedBytes(true);
        collections = GC.CollectionCount(0);
        serverCpu = ServerCpuNow();
        cpu = CpuNow();
        began = Now();
    }

    public static void End()
    {
        began = Now() - began;
        cpu = CpuNow() - cpu;
        serverCpu = ServerCpuNow() - serverCpu;
        collections = GC.CollectionCount(0) - collections;
        allocated = GC.GetTotalAllocatedBytes(true) - allocated;
    }

    // Does so many reads or files, and measures them. As in C, warm= is how
    // many it does before, which do not count. At first a method runs as it was
    // compiled quickly or ahead of time. Only after 30 calls and 100 ms does
    // .NET compile it with all optimizations (TC_CallCountThreshold and
    // TC_CallCountingDelayMs in dotnet/coreclr, src/inc/clrconfigvalues.h);
    // since .NET 8 it first counts for a while which branches are taken. So
    // warm_seconds= is how long the warm-up takes at least.
    //
    // parts= is how often to measure: "parts" has the seconds of each, and the
    // other members are those of the last one. So one can see whether the later
    // parts are faster.
    public static void Work(long wanted, Action<long> work)
    {
        long warm = Argument("warm", 0);
        long until = Now() + Argument("warm_seconds", 0) * 1000000000;
        if (warm > 0)
            do
                work(warm);
            while (Now() < until);
        var parts = new string[Argument("parts", 1)];
        for (int i = 0; i < parts.Length; i++) {
            Begin();
            work(wanted);
            End();
            parts[i] = Seconds(began);
        }
        if (parts.Length > 1)
            members.Append(", \"parts\": [" + string.Join(", ", parts) + "]");
    }

    // The time in ns. Only differences have a meaning.
    public static long Now()
    {
        return (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
    }

    // The sum of the buffer's 64-bit numbers. Zeros complete the last number.
    // The loop in C is as plain, and as fast.
    public static long AddUp(ReadOnlySpan<byte> buffer)
    {
        ReadOnlySpan<long> words = MemoryMarshal.Cast<byte, long>(buffer);
        long sum = 0, last = 0;
        foreach (long word in words)
            sum += word;
        buffer.Slice(words.Length * sizeof(long))
            .CopyTo(new Span<byte>(&last, sizeof(long)));
        return sum + last;
    }

    public static void Add(string name, long number)
    {
        members.Append(", \"" + name + "\": " + number);
    }

    // Adds the members median_ns and p99_ns. Sorts the latencies.
    public static void AddLatencies(long[] latencies)
    {
        Array.Sort(latencies);
        Add("median_ns", latencies[latencies.Length / 2]);
        Add("p99_ns", latencies[latencies.Length * 99L / 100]);
    }

    public static void Print(long count, long bytes, long sum)
    {
        Console.Out.WriteLine(
            "{\"contender\": \"" + contender + "\", \"count\": " + count +
            ", \"bytes\": " + bytes + ", \"sum\": \"" + sum.ToString("x16") +
            "\", \"seconds\": " + Seconds(began) +
            ", \"cpu\": " + Seconds(cpu) +
            ", \"server_cpu\": " + Seconds(serverCpu) +
            ", \"allocations\": null, \"allocated_bytes\": " + allocated +
            ", \"collections\": " + collections +
            ", \"peak_kib\": " + PeakKib() + members + "}");
    }

    static string Seconds(long nanoseconds)
    {
        return nanoseconds / 1000000000 + "." +
            (nanoseconds / 1000 % 1000000).ToString("d6");
    }

    // ---- Processor time, memory and threads ------------------------------
    // In .NET only its class Process has them. Loading that class takes longer
    // than reading a block, so these methods call Win32.

    static long CpuNow()
    {
        Must(GetProcessTimes((IntPtr)(-1), out _, out _, out long kernel,
                             out long user),
             "ask for the processor time");
        return (kernel + user) * 100;
    }

    static long PeakKib()
    {
        ProcessMemoryCounters memory = default;
        Must(K32GetProcessMemoryInfo((IntPtr)(-1), out memory,
                                     sizeof(ProcessMemoryCounters)),
             "ask for the memory");
        return (long)memory.PeakWorkingSetSize >> 10;
    }

    public static long MemoryKib()
    {
        return Environment.WorkingSet >> 10;
    }

    // The threads of the process at this moment.
    public static int ThreadCount()
    {
        const int TH32CS_SNAPTHREAD = 4;
        ThreadEntry thread = default;
        thread.Size = sizeof(ThreadEntry);
        int count = 0, process = GetCurrentProcessId();
        IntPtr all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
        Must(all != (IntPtr)(-1), "list the threads");
        for (bool more = Thread32First(all, ref thread); more;
             more = Thread32Next(all, ref thread))
            if (thread.OwnerProcessId == process)
                count++;
        CloseHandle(all);
        return count;
    }

    static long ServerCpuNow()
    {
        string? path = Environment.GetEnvironmentVariable("BENCH_SERVER");
        if (string.IsNullOrEmpty(path))
            return 0;
        string text = File.ReadAllText(path);
        return long.Parse(text.Substring(0, text.IndexOf(' ')));
    }

    struct ThreadEntry
    {
        public int Size, Usage, ThreadId, OwnerProcessId;
        public int BasePriority, DeltaPriority, Flags;
    }

    struct ProcessMemoryCounters
    {
        public uint Size, PageFaultCount;
        public UIntPtr PeakWorkingSetSize, WorkingSetSize;
        public UIntPtr QuotaPeakPagedPool, QuotaPaged, QuotaPeakNonPagedPool;
        public UIntPtr QuotaNonPagedPool, Pagefile, PeakPagefile;
    }

    [DllImport("kernel32")]
    static extern bool GetProcessTimes(IntPtr process, out long created,
                                       out long exited, out long kernel,
                                       out long user);

    [DllImport("kernel32")]
    static extern bool K32GetProcessMemoryInfo(
        IntPtr process, out ProcessMemoryCounters counters, int size);

    [DllImport("kernel32")]
    static extern int GetCurrentProcessId();

    [DllImport("kernel32")]
    static extern IntPtr CreateToolhelp32Snapshot(int flags, int process);

    [DllImport("kernel32")]
    static extern bool Thread32First(IntPtr snapshot, ref ThreadEntry thread);

    [DllImport("kernel32")]
    static extern bool Thread32Next(IntPtr snapshot, ref ThreadEntry thread);

    [DllImport("kernel32")]
    static extern bool CloseHandle(IntPtr handle);
}
