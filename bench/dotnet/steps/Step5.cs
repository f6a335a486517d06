// Step 5: call ReadFile, until the end of the file. C: step5-readfile.
using System;
using System.Globalization;
using System.Text;
using System.Threading;
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

// A delegate knows its object, so OnRead needs no context to find its reader.
sealed unsafe class Step5
{
    readonly SafeFileHandle file;
    readonly bool seekable; // a pipe is not: it has no offsets
    readonly byte[] data = new byte[32768];
    readonly ManualResetEvent finished = new ManualResetEvent(false);
    long position; // of the read in flight
    long bytes;
    uint reads; // that read bytes
    uint error;

    Step5(SafeFileHandle file, long position)
    {
        this.file = file;
        this.position = position;
        seekable = GetFileType(file) == FILE_TYPE_DISK;
    }

    static bool IsEndOfFile(uint error) =>
        error == ERROR_HANDLE_EOF || error == ERROR_BROKEN_PIPE;

    // Returns 0 if the read is queued: then a packet comes, or has come.
    // Otherwise no packet comes, and the NativeOverlapped still belongs to us.
    uint Read(NativeOverlapped* overlapped)
    {
        if (position > long.MaxValue - data.Length)
            return ERROR_INVALID_PARAMETER;
        uint error;
        fixed (byte* buffer = data) // Pack pins it until Free
            error = LastError(ReadFile(file, buffer, (uint)data.Length, null,
                                       overlapped));
        bool queued = error == ERROR_IO_PENDING || error == ERROR_MORE_DATA;
        return queued ? ERROR_SUCCESS : error;
    }

    void Finish(uint error)
    {
        this.error = IsEndOfFile(error) ? ERROR_SUCCESS : error;
        if (this.error == ERROR_SUCCESS)
            Say("end of file");
        finished.Set(); // from now on the reader belongs to main
    }

    // An Overlapped serves one read. In C, one request serves all reads.
    void ReadNext()
    {
        Say($"reading at offset {position}");
        long offset = seekable ? position : 0;
        NativeOverlapped* overlapped =
            new Overlapped((int)offset, (int)(offset >> 32), IntPtr.Zero, null)
                .Pack(OnRead, data);
        uint error = Read(overlapped);
        if (error == ERROR_SUCCESS)
            return;
        Overlapped.Free(overlapped);
        Finish(error);
    }

    void OnRead(uint error, uint count, NativeOverlapped* overlapped)
    {
        Overlapped.Free(overlapped);
        if (count > 0)
        {
            var text = new StringBuilder(); // a dot for each unprintable byte
            for (int i = 0; i < count && i < 16; i++)
                text.Append(data[i] >= ' ' && data[i] <= '~' ? (char)data[i]
                                                             : '.');
            Say($"read {count} bytes at offset {position}: {text}");
            position += count; // the bytes read, not the bytes asked for
            bytes += count;
            reads++;
        }
        // On a pipe, success with 0 bytes is a write of 0 bytes, not the end.
        if (error == ERROR_MORE_DATA ||
            (error == ERROR_SUCCESS && (count > 0 || !seekable)))
            ReadNext();
        else
            Finish(error);
    }

    // Starts the first read. The callbacks do the rest.
    uint ReadAll()
    {
        if (!seekable && (position != 0 ||
                          !GetNamedPipeInfo(file, null, null, null, null)))
            return ERROR_NOT_SUPPORTED;
        Say("asking for the first read, then only waiting");
        ReadNext();
        finished.WaitOne();
        finished.Dispose();
        return error;
    }

    // Digits only.
    public static bool ParseOffset(string text, out long offset) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture,
                      out offset);

    public static int Run(string path, long offset)
    {
        using SafeFileHandle file = OpenOverlapped(path, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        error = BindHandle(file);
        if (error != ERROR_SUCCESS)
            return Report("bind", path, error);
        var reader = new Step5(file, offset);
        error = reader.ReadAll();
        if (error != ERROR_SUCCESS)
            return Report("read", path, error);
        Say($"done: {reader.bytes} bytes in {reader.reads} reads");
        return 0;
    }
}
