// This contender uses ThreadPool.BindHandle as it was first described: it packs
// and frees a new Overlapped for each read. `depth` reads are in flight; the
// callback of a read starts the next one. In C: bench/reads/pool.c.

using System;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Reads
{

sealed unsafe class BindHandle
{
    readonly SafeFileHandle file;
    readonly CountdownEvent missing;
    readonly byte[] buffer = new byte[Job.Block];
    readonly IOCompletionCallback callback;
    Item item;

    BindHandle(SafeFileHandle file, CountdownEvent missing)
    {
        this.file = file;
        this.missing = missing;
        callback = OnRead;
    }

    void ReadNext()
    {
        if (!Job.Next(ref item)) {
            missing.Signal();
            return;
        }
        var overlapped = new Overlapped((int)item.Offset,
                                        (int)(item.Offset >> 32), IntPtr.Zero,
                                        null);
        Win32.StartRead(file, buffer, overlapped.Pack(callback, buffer));
    }

    void OnRead(uint error, uint bytes, NativeOverlapped *overlapped)
    {
        Overlapped.Free(overlapped);
        Measure.Must(error == 0, "read");
        Job.Use(item, buffer, (int)bytes);
        ReadNext();
    }

    public static void Contend()
    {
        using SafeFileHandle file = Win32.OpenOverlapped(Job.File);
        using var missing = new CountdownEvent(Job.Depth);
        Measure.Must(ThreadPool.BindHandle(file), "bind");
        var readers = new BindHandle[Job.Depth];
        for (int i = 0; i < readers.Length; i++)
            readers[i] = new BindHandle(file, missing);
        Job.Work(() => {
            missing.Reset();
            foreach (BindHandle reader in readers)
                reader.ReadNext();
            missing.Wait();
        });
    }
}

}
