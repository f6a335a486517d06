// What FileStream does in many cases, one line for each. C: stream_cases.c in
// tests/programs, with file_stream. The versions of .NET are compared with each
// other and with C: see "FileStream, then, now and here" in ../README.md.
using System;
using System.IO;
using System.Text;
using static Kernel32;
using static Program;

static partial class Cases
{
    const string Ten = "0123456789"; // in the file, before each case
    const FileShare All =
        FileShare.ReadWrite | FileShare.Delete; // for other handles

    static readonly string path = Path.Combine(
        Path.GetTempPath(), Path.GetRandomFileName());
    static int buffer;      // of the streams of a case; 1 is none
    static bool concurrent; // whether these are asynchronous

    // ---- Streams ----

    static FileStream New(FileMode mode, FileAccess access,
                          FileShare share = All, FileOptions more = 0) =>
        new FileStream(path, mode, access, share, buffer,
                       more | (concurrent ? FileOptions.Asynchronous : 0));

    static FileStream Both() => New(FileMode.Open, FileAccess.ReadWrite);

    static int Read(FileStream stream, byte[] bytes) =>
        concurrent ? stream.ReadAsync(bytes, 0, bytes.Length)
                         .GetAwaiter().GetResult()
                   : stream.Read(bytes, 0, bytes.Length);

    // Returns the bytes of one read as text; "" is the end.
    static string Read(FileStream stream, int most)
    {
        var bytes = new byte[most];
        return Encoding.ASCII.GetString(bytes, 0, Read(stream, bytes));
    }

    static void Write(FileStream stream, string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        if (concurrent)
            stream.WriteAsync(bytes, 0, bytes.Length).GetAwaiter().GetResult();
        else
            stream.Write(bytes, 0, bytes.Length);
    }

    static void Flush(FileStream stream)
    {
        if (concurrent)
            stream.FlushAsync().GetAwaiter().GetResult();
        else
            stream.Flush();
    }

    // ---- Results ----

    // The content of the file; a dot for each zero.
    static string Content()
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read,
                                          All, 1);
        var bytes = new byte[64];
        int count = stream.Read(bytes, 0, bytes.Length);
        return Encoding.ASCII.GetString(bytes, 0, count).Replace('\0', '.');
    }

    static string Failure(Exception exception) => exception switch
    {
        ObjectDisposedException _ => "closed",
        OperationCanceledException _ => "cancelled",
        NotSupportedException _ => "not supported",
        ArgumentException _ => "refused",
        _ when Win32Error(exception) is uint error =>
            error == ERROR_INVALID_PARAMETER ? "refused" : $"error {error}",
        IOException _ => "refused", // by FileStream, not by Windows
        _ => exception.GetType().Name,
    };

    static string Try(Func<string> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception)
        {
            return Failure(exception);
        }
    }

    static string Try(Action action) => Try(() =>
    {
        action();
        return "done";
    });

    static void Show(string name, Func<string> run)
    {
        File.WriteAllText(path, Ten);
        Say($"{name}: {Try(run)}");
        File.Delete(path);
    }

    // ---- Opening ----

    static string OpenAndDescribe(FileMode mode, FileAccess access)
    {
        using FileStream stream = New(mode, access);
        return $"length {stream.Length}, position {stream.Position}";
    }

    static void ShowModes()
    {
        var modes = (FileMode[])Enum.GetValues(typeof(FileMode));
        var accesses = (FileAccess[])Enum.GetValues(typeof(FileAccess));
        foreach (FileMode mode in modes)
            foreach (FileAccess access in accesses)
            {
                Show($"{mode}, {access}, a file",
                     () => OpenAndDescribe(mode, access));
                Show($"{mode}, {access}, no file", () =>
                {
                    File.Delete(path);
                    return OpenAndDescribe(mode, access);
                });
            }
    }

    static string OpenTwice(FileAccess access, FileShare share)
    {
        using FileStream first = New(FileMode.Open, access, share);
        string read = Try(() =>
            New(FileMode.Open, FileAccess.Read).Dispose());
        string write = Try(() =>
            New(FileMode.Open, FileAccess.Write).Dispose());
        string delete = Try(() => File.Delete(path));
        return $"read {read}, write {write}, delete {delete}";
    }

    static void ShowShares()
    {
        var shares = new[] { FileShare.None, FileShare.Read, FileShare.Write,
                             FileShare.ReadWrite, FileShare.Delete };
        foreach (FileShare share in shares)
        {
            Show($"opened to read, shares {share}",
                 () => OpenTwice(FileAccess.Read, share));
            Show($"opened to write, shares {share}",
                 () => OpenTwice(FileAccess.Write, share));
        }
    }

    static void ShowBufferSizes()
    {
        foreach (int size in new[] { -1, 0, 1, 4096 })
            Show($"a buffer of {size}", () =>
            {
                using var stream = new FileStream(
                    path, FileMode.Open, FileAccess.Read, All, size);
                return Read(stream, 4);
            });
    }

    // Runs the cases of Streams.cs with each kind of stream.
    public static int Run(string unused)
    {
        buffer = 4096;
        ShowModes();
        ShowShares();
        ShowBufferSizes();
        foreach (bool each in new[] { false, true })
            foreach (int size in new[] { 1, 4, 4096 })
            {
                concurrent = each;
                buffer = size;
                ShowStreams((each ? "asynchronous" : "synchronous") +
                            (size > 1 ? $", buffer {size}" : ", no buffer"));
            }
        return 0;
    }
}
