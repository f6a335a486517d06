// The Win32 functions that the steps call. Marshal.GetLastWin32Error returns
// their errors. A call of GetLastError itself would come too late: the runtime
// may have called other functions before it.
using System;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

static unsafe class Kernel32
{
    public const uint GENERIC_READ = 0x80000000;
    public const uint GENERIC_WRITE = 0x40000000;
    public const uint FILE_SHARE_READ_WRITE_DELETE = 7;
    public const uint OPEN_EXISTING = 3;
    public const uint FILE_FLAG_OVERLAPPED = 0x40000000;
    // The server of a pipe must not act in our name. FileStream sets it, too.
    public const uint ANONYMOUS = 0x00100000; // SECURITY_SQOS_PRESENT
    public const uint FILE_CURRENT = 1;
    public const uint FILE_TYPE_DISK = 1;
    public const int STD_OUTPUT_HANDLE = -11;

    public const uint ERROR_SUCCESS = 0;
    public const uint ERROR_HANDLE_EOF = 38;
    public const uint ERROR_NOT_SUPPORTED = 50;
    public const uint ERROR_INVALID_PARAMETER = 87;
    public const uint ERROR_BROKEN_PIPE = 109;
    public const uint ERROR_MORE_DATA = 234;
    public const uint ERROR_IO_PENDING = 997;

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true,
               CharSet = CharSet.Unicode)]
    public static extern SafeFileHandle CreateFileW(
        string name, uint access, uint share, IntPtr security,
        uint disposition, uint flags, IntPtr template);

    [DllImport("kernel32", SetLastError = true)]
    public static extern bool ReadFile(
        SafeFileHandle file, byte* buffer, uint length, uint* bytes,
        NativeOverlapped* overlapped);

    [DllImport("kernel32", SetLastError = true)]
    public static extern bool WriteFile(
        IntPtr file, byte* buffer, uint length, out uint bytes,
        NativeOverlapped* overlapped);

    [DllImport("kernel32", SetLastError = true)]
    public static extern bool SetFilePointerEx(
        SafeFileHandle file, long distance, out long position, uint method);

    [DllImport("kernel32")]
    public static extern uint GetFileType(SafeFileHandle file);

    [DllImport("kernel32")]
    public static extern bool GetNamedPipeInfo(
        SafeFileHandle pipe, uint* flags, uint* outSize, uint* inSize,
        uint* maxInstances);

    [DllImport("kernel32")]
    public static extern IntPtr GetStdHandle(int which);

    // Returns 0 if the call succeeded, otherwise its error.
    public static uint LastError(bool ok) =>
        ok ? ERROR_SUCCESS : (uint)Marshal.GetLastWin32Error();
}
