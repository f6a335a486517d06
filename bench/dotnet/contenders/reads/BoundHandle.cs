// This contender uses ThreadPoolBoundHandle, and a PreAllocatedOverlapped for
// each of the `depth` reads in flight. It uses each again and again, so a read
// allocates nothing. In C: bench/reads/pool.c.

using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Reads
{

sealed unsafe class BoundHandle
{
    readonly SafeFileHandle file;
    readonly ThreadPoolBoundHandle bound;
    readonly CountdownEvent missing;
    readonly byte[] buffer = new byte[Job.Block];
    readonly PreAllocatedOverlapped preAllocated;
    Item item;

    BoundHandle(SafeFileHandle file, ThreadPoolBoundHandle bound,
                CountdownEvent missing)
    {
        this.file = file;
        this.bound = bound;
        this.missing = missing;
        preAllocated = new PreAllocatedOverlapped(OnRead, null, buffer);
    }

    void ReadNext()
    {
        if (!Job.Next(ref item)) {
            missing.Signal();
            return;
        }
        NativeOverlapped *overlapped =
            bound.AllocateNativeOverlapped(preAllocated);
        overlapped->OffsetLow = (int)item.Offset;
        overlapped->OffsetHigh = (int)(item.Offset >> 32);
        Win32.StartRead(file, buffer, overlapped);
    }

    void OnRead(uint error, uint bytes, NativeOverlapped *overlapped)
    {
        bound.FreeNativeOverlapped(overlapped);
        Measure.Must(error == 0, "read");
        Job.Use(item, buffer, (int)bytes);
        ReadNext();
    }

    public static void Contend()
    {
        using SafeFileHandle file = Win32.OpenOverlapped(Job.File);
        using var bound = ThreadPoolBoundHandle.BindHandle(file);
        using var missing = new CountdownEvent(Job.Depth);
        var readers = new BoundHandle[Job.Depth];
        for (int i = 0; i < readers.Length; i++)
            readers[i] = new BoundHandle(file, bound, missing);
        Job.Work(() => {
            missing.Reset();
            foreach (BoundHandle reader in readers)
                reader.ReadNext();
            missing.Wait();
        });
        foreach (BoundHandle reader in readers)
            reader.preAllocated.Dispose();
    }
}

}
