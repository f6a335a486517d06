// Step 1: open a file for overlapped I/O. C: step1-create.
using Microsoft.Win32.SafeHandles;
using static Kernel32;
using static Program;

static unsafe class Step1
{
    // Reads without an offset: the read starts at the file position, and moves it.
    static int ReadAtPosition(SafeFileHandle file, string path)
    {
        byte* buffer = stackalloc byte[64];
        uint bytes;
        uint error = LastError(ReadFile(file, buffer, 64, &bytes, null));
        if (error != ERROR_SUCCESS)
            return Report("read", path, error);
        error = LastError(
            SetFilePointerEx(file, 0, out long position, FILE_CURRENT));
        if (error != ERROR_SUCCESS)
            return Report("get the file position of", path, error);
        Say($"read {bytes} bytes; the file position is now {position}");
        return 0;
    }

    static int ShowPlain(string path)
    {
        using SafeFileHandle file = Open(path, 0, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        Say("opened without FILE_FLAG_OVERLAPPED");
        int status = ReadAtPosition(file, path);
        return status == 0 ? ReadAtPosition(file, path) : status;
    }

    static int ShowOverlapped(string path)
    {
        byte* buffer = stackalloc byte[64];
        uint bytes;
        using SafeFileHandle file = OpenOverlapped(path, out uint error);
        if (error != ERROR_SUCCESS)
            return Report("open", path, error);
        Say("opened with FILE_FLAG_OVERLAPPED");
        // null, instead of a NativeOverlapped with the offset.
        error = LastError(ReadFile(file, buffer, 64, &bytes, null));
        if (error == ERROR_SUCCESS)
            Say("a read without an offset succeeds: " +
                $"{bytes} bytes");
        else if (error == ERROR_INVALID_PARAMETER)
            Say($"a read without an offset fails (error {error})");
        else
            return Report("read", path, error);
        return 0;
    }

    public static int Run(string path)
    {
        int status = ShowPlain(path);
        return status == 0 ? ShowOverlapped(path) : status;
    }
}
