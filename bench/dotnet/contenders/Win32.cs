// For contenders that call ReadFile themselves: bench/win32.h in C#.

using System;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Win32.SafeHandles;

static unsafe class Win32
{
    const uint GENERIC_READ = 0x80000000, FILE_SHARE_READ = 1;
    const uint OPEN_EXISTING = 3, FILE_FLAG_OVERLAPPED = 0x40000000;
    const int ERROR_IO_PENDING = 997;

    public static SafeFileHandle OpenOverlapped(string path)
    {
        SafeFileHandle file =
            CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, IntPtr.Zero,
                        OPEN_EXISTING, FILE_FLAG_OVERLAPPED, IntPtr.Zero);
        Measure.Must(!file.IsInvalid, "open");
        return file;
    }

    // The caller keeps the buffer pinned until the read completes, by the way
    // in which it makes the NativeOverlapped.
    public static void StartRead(SafeFileHandle file, byte[] buffer,
                                 NativeOverlapped *overlapped)
    {
        fixed (byte *bytes = buffer)
            Measure.Must(ReadFile(file, bytes, buffer.Length, IntPtr.Zero,
                                  overlapped) ||
                             Marshal.GetLastWin32Error() == ERROR_IO_PENDING,
                         "read");
    }

    [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true)]
    static extern SafeFileHandle CreateFileW(string name, uint access,
                                             uint share, IntPtr security,
                                             uint creation, uint flags,
                                             IntPtr template);

    [DllImport("kernel32", SetLastError = true)]
    static extern bool ReadFile(SafeFileHandle file, byte *buffer, int size,
                                IntPtr bytes, NativeOverlapped *overlapped);
}
