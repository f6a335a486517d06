// The cases of Cases.cs that each kind of FileStream goes through.
using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Pipes;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;
using static Kernel32;

static partial class Cases
{
    // ---- One stream ----

    static string ReadInPieces()
    {
        using FileStream stream = Both();
        return $"'{Read(stream, 3)}' '{Read(stream, 5)}' '{Read(stream, 5)}' " +
            $"'{Read(stream, 5)}', position {stream.Position}";
    }

    static string ReadThenWrite()
    {
        using FileStream stream = Both();
        string read = Read(stream, 3);
        Write(stream, "ab");
        read += "," + Read(stream, 2);
        return $"'{read}', position {stream.Position}";
    }

    static string WriteThenRead()
    {
        using FileStream stream = Both();
        Write(stream, "abc");
        string read = Read(stream, 2);
        stream.Position = 0;
        return $"'{read}' '{Read(stream, 5)}'";
    }

    static string ContentAfter(Action<FileStream> change)
    {
        string done;
        using (FileStream stream = Both())
            done = Try(() => change(stream));
        return $"{done}, then '{Content()}'";
    }

    static string WriteSeekRead()
    {
        using FileStream stream = Both();
        Write(stream, "abc");
        stream.Seek(1, SeekOrigin.Begin);
        return $"'{Read(stream, 3)}', position {stream.Position}";
    }

    static string ReadSeekWriteRead()
    {
        string read;
        using (FileStream stream = Both())
        {
            read = Read(stream, 2);
            stream.Seek(4, SeekOrigin.Current);
            Write(stream, "x");
            read += "," + Read(stream, 2);
        }
        return $"'{read}', then '{Content()}'";
    }

    static string ByteByByte()
    {
        string read = "";
        using (FileStream stream = Both())
            for (int i = 0; i < 3; i++)
            {
                read += Read(stream, 1);
                Write(stream, "x");
            }
        return $"'{read}', then '{Content()}'";
    }

    static string SeekOnly() =>
        ContentAfter(stream => stream.Seek(3, SeekOrigin.End));

    static string WriteAtTheEnd()
    {
        using FileStream stream = Both();
        stream.Seek(0, SeekOrigin.End);
        Write(stream, "ab");
        return $"length {stream.Length}, position {stream.Position}";
    }

    static string SeekAfterTheEnd() => ContentAfter(stream =>
    {
        stream.Seek(3, SeekOrigin.End);
        Write(stream, "ab");
    });

    static string SeekBeforeTheStart() => ContentAfter(stream =>
    {
        Read(stream, 3);
        stream.Seek(-4, SeekOrigin.Current);
    });

    static string Shorten()
    {
        using FileStream stream = Both();
        Read(stream, 8);
        stream.SetLength(5);
        long position = stream.Position;
        return $"position {position}, read '{Read(stream, 4)}', " +
            $"then '{Content()}'";
    }

    static string ShortenWhatIsWritten() => ContentAfter(stream =>
    {
        Write(stream, "abcdef");
        stream.SetLength(4);
        Write(stream, "x");
    });

    static string Lengthen() => ContentAfter(stream => stream.SetLength(13));

    static string SetLengthToRead()
    {
        using FileStream stream = New(FileMode.Open, FileAccess.Read);
        return Try(() => stream.SetLength(3));
    }

    static string Append()
    {
        string seek, length;
        using (FileStream stream = New(FileMode.Append, FileAccess.Write))
        {
            Write(stream, "ab");
            seek = Try(() => stream.Seek(5, SeekOrigin.Begin));
            length = Try(() => stream.SetLength(3));
            Write(stream, "c");
        }
        return $"seek {seek}, set length {length}, then '{Content()}'";
    }

    static string WrongAccess()
    {
        using FileStream reader = New(FileMode.Open, FileAccess.Read);
        using FileStream writer = New(FileMode.Open, FileAccess.Write);
        return $"write {Try(() => Write(reader, "a"))}, " +
            $"read {Try(() => Read(writer, 1))}";
    }

    static string Nothing()
    {
        using FileStream stream = Both();
        Write(stream, "");
        return $"'{Read(stream, 0)}' '{Read(stream, 2)}'";
    }

    static string AfterClose()
    {
        FileStream stream = Both();
        stream.Dispose();
        stream.Dispose();
        return $"read {Try(() => Read(stream, 1))}, " +
            $"write {Try(() => Write(stream, "a"))}, " +
            $"flush {Try(() => Flush(stream))}, " +
            $"length {Try(() => stream.Length.ToString())}";
    }

    static string CloseWritten() =>
        ContentAfter(stream => Write(stream, "ab"));

    // The system refuses the write: the handle is only for reading.
    static string FailingFlush()
    {
        SafeFileHandle file = CreateFileW(
            path, GENERIC_READ, FILE_SHARE_READ_WRITE_DELETE, IntPtr.Zero,
            OPEN_EXISTING, concurrent ? FILE_FLAG_OVERLAPPED : 0, IntPtr.Zero);
        var stream = new FileStream(file, FileAccess.Write, buffer, concurrent);
        string write = Try(() => Write(stream, "ab"));
        string flush = Try(() => Flush(stream));
        return $"write {write}, flush {flush}, " +
            $"close {Try(() => stream.Dispose())}, then '{Content()}'";
    }

    static string DeleteOnClose()
    {
        using (FileStream stream = New(FileMode.Open, FileAccess.ReadWrite,
                                       All, FileOptions.DeleteOnClose))
            Write(stream, "ab");
        return File.Exists(path) ? "still there" : "deleted";
    }

    // ---- Two streams ----

    static string SeenByAnother()
    {
        using FileStream stream = Both();
        Write(stream, "ab");
        string before = Content();
        Flush(stream);
        return $"before the flush '{before}', after it '{Content()}'";
    }

    static string ChangedByAnother()
    {
        using FileStream stream = Both(), other = Both();
        string read = Read(stream, 2);
        Write(other, "abcd");
        Flush(other);
        return $"'{read}' '{Read(stream, 2)}'";
    }

    // Read, and what is read there after another stream's change.
    static string ReadAgain(Action<FileStream> between)
    {
        using FileStream stream = Both(), other = Both();
        string read = Read(stream, 2);
        Write(other, "abcd");
        Flush(other);
        between(stream);
        stream.Seek(0, SeekOrigin.Begin);
        return $"'{read}' '{Read(stream, 2)}'";
    }

    static string SeekBackAfterAChange() => ReadAgain(stream => { });

    static string FlushAfterAChange() => ReadAgain(Flush);

    static string LargeWrite()
    {
        using FileStream stream = Both();
        Write(stream, "ab");
        Write(stream, "letters");
        return $"'{Content()}'";
    }

    static string AppendTwice()
    {
        using (FileStream one = New(FileMode.Append, FileAccess.Write),
                          two = New(FileMode.Append, FileAccess.Write))
        {
            Write(one, "abcd");
            Flush(one);
            Write(two, "x");
        }
        return $"'{Content()}'";
    }

    static string Lock()
    {
        using FileStream stream = Both(), other = Both();
        string first = Try(() => stream.Lock(0, 4));
        string second = Try(() => other.Lock(3, 4));
        string unlock = Try(() => stream.Unlock(0, 4));
        string again = Try(() => other.Lock(3, 4));
        return $"lock {first}, the other's {second}, unlock {unlock}, " +
            $"the other's {again}, unlock {Try(() => stream.Unlock(0, 4))}";
    }

    static string Grow()
    {
        using FileStream stream = New(FileMode.Open, FileAccess.Read);
        string read = Read(stream, 16) + "," + Read(stream, 16);
        File.AppendAllText(path, "abc");
        return $"'{read},{Read(stream, 16)}', length {stream.Length}";
    }

    // ---- Several calls at the same time ----

    static string ReadConcurrently()
    {
        using FileStream stream = Both();
        var bytes = new byte[5][];
        var reads = new Task<int>[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
            reads[i] = stream.ReadAsync(bytes[i] = new byte[2], 0, 2);
        Task.WhenAll(reads).GetAwaiter().GetResult();
        var text = new List<string>();
        for (int i = 0; i < bytes.Length; i++)
            text.Add(Encoding.ASCII.GetString(bytes[i], 0, reads[i].Result));
        return $"'{string.Join(",", text)}', position {stream.Position}";
    }

    static string WriteConcurrently() => ContentAfter(stream =>
    {
        var writes = new Task[4];
        for (int i = 0; i < writes.Length; i++)
            writes[i] = stream.WriteAsync(
                Encoding.ASCII.GetBytes(new string((char)('a' + i), 2)), 0, 2);
        Task.WhenAll(writes).GetAwaiter().GetResult();
    });

    static string ReadAndWriteConcurrently()
    {
        string read;
        using (FileStream stream = Both())
        {
            byte[] first = new byte[3], last = new byte[2];
            var calls = new Task[]
            {
                stream.ReadAsync(first, 0, 3),
                stream.WriteAsync(Encoding.ASCII.GetBytes("ab"), 0, 2),
                stream.ReadAsync(last, 0, 2),
            };
            Task.WhenAll(calls).GetAwaiter().GetResult();
            read = Encoding.ASCII.GetString(first) + "," +
                Encoding.ASCII.GetString(last);
        }
        return $"'{read}', then '{Content()}'";
    }

    // ---- Cancellation and pipes ----

    static string CancelledBefore()
    {
        using FileStream stream = Both();
        var token = new CancellationToken(true);
        string read = Try(() => stream.ReadAsync(new byte[2], 0, 2, token)
                              .GetAwaiter().GetResult().ToString());
        string write = Try(() => stream.WriteAsync(new byte[2], 0, 2, token)
                               .GetAwaiter().GetResult());
        return $"read {read}, write {write}, position {stream.Position}";
    }

    // Connects a stream to a pipe. FileStream of .NET Core 3.1 refuses the name
    // of a pipe, so the stream gets a handle.
    static string WithPipe(Func<FileStream, NamedPipeServerStream, string> use)
    {
        string name = Path.GetRandomFileName();
        using var server = new NamedPipeServerStream(
            name, PipeDirection.InOut, 1, PipeTransmissionMode.Byte,
            PipeOptions.Asynchronous, 4096, 4096);
        using SafeFileHandle pipe = CreateFileW(
            @"\\.\pipe\" + name, GENERIC_READ | GENERIC_WRITE, 0, IntPtr.Zero,
            OPEN_EXISTING, concurrent ? FILE_FLAG_OVERLAPPED : 0, IntPtr.Zero);
        using var stream = new FileStream(pipe, FileAccess.ReadWrite, buffer,
                                          concurrent);
        server.WaitForConnection();
        return use(stream, server);
    }

    static string ReadPipe() => WithPipe((stream, server) =>
    {
        server.Write(Encoding.ASCII.GetBytes("abc"), 0, 3);
        string first = Read(stream, 8);
        server.Dispose();
        return $"seeks {stream.CanSeek}, '{first}' '{Read(stream, 8)}', " +
            $"length {Try(() => stream.Length.ToString())}, " +
            $"position {Try(() => stream.Position.ToString())}";
    });

    static string CancelPipe() => WithPipe((stream, server) =>
    {
        using var source = new CancellationTokenSource();
        Task<int> read = stream.ReadAsync(new byte[8], 0, 8, source.Token);
        source.Cancel();
        return Try(() => read.GetAwaiter().GetResult().ToString());
    });

    static string WriteToClosedPipe() => WithPipe((stream, server) =>
    {
        server.Dispose();
        string write = Try(() => Write(stream, "ab"));
        string flush = Try(() => Flush(stream));
        return $"write {write}, flush {flush}, " +
            $"close {Try(() => stream.Dispose())}";
    });

    static void ShowStreams(string kind)
    {
        void Each(string name, Func<string> run) =>
            Show($"{kind}, {name}", run);
        Each("read in pieces", ReadInPieces);
        Each("read, then write", ReadThenWrite);
        Each("write, then read", WriteThenRead);
        Each("write, seek, read", WriteSeekRead);
        Each("read, seek, write, read", ReadSeekWriteRead);
        Each("read and write single bytes", ByteByByte);
        Each("write at the end", WriteAtTheEnd);
        Each("seek after the end", SeekOnly);
        Each("seek after the end and write", SeekAfterTheEnd);
        Each("seek before the start", SeekBeforeTheStart);
        Each("shorten", Shorten);
        Each("shorten what is written", ShortenWhatIsWritten);
        Each("lengthen", Lengthen);
        Each("set the length of a stream to read", SetLengthToRead);
        Each("append", Append);
        Each("the wrong access", WrongAccess);
        Each("no bytes", Nothing);
        Each("after the close", AfterClose);
        Each("close without a flush", CloseWritten);
        Each("a failing flush", FailingFlush);
        Each("delete on close", DeleteOnClose);
        Each("a write, seen by another", SeenByAnother);
        Each("a change by another", ChangedByAnother);
        Each("seek back after a change by another", SeekBackAfterAChange);
        Each("flush after a change by another", FlushAfterAChange);
        Each("a small write, then a large one", LargeWrite);
        Each("two that append", AppendTwice);
        Each("lock", Lock);
        Each("a growing file", Grow);
        Each("concurrent reads", ReadConcurrently);
        Each("concurrent writes", WriteConcurrently);
        Each("concurrent reads and writes", ReadAndWriteConcurrently);
        Each("cancelled before", CancelledBefore);
        Each("a pipe", ReadPipe);
        Each("a write to a closed pipe", WriteToClosedPipe);
        if (concurrent)
            Each("cancel a read of a pipe", CancelPipe);
    }
}
