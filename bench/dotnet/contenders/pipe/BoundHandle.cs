// This contender uses ThreadPoolBoundHandle, and a PreAllocatedOverlapped for
// each read. In C: bench/pipe/pool.c.

using System;
using System.Threading;
using Microsoft.Win32.SafeHandles;

namespace Pipe
{

sealed unsafe class BoundHandle
{
    readonly SafeFileHandle pipe;
    readonly ThreadPoolBoundHandle bound;
    readonly CountdownEvent missing;
    readonly byte[] piece = new byte[Job.Piece];
    readonly PreAllocatedOverlapped preAllocated;

    BoundHandle(SafeFileHandle pipe, ThreadPoolBoundHandle bound,
                CountdownEvent missing)
    {
        this.pipe = pipe;
        this.bound = bound;
        this.missing = missing;
        preAllocated = new PreAllocatedOverlapped(OnRead, null, piece);
    }

    void Read()
    {
        Win32.StartRead(pipe, piece,
                        bound.AllocateNativeOverlapped(preAllocated));
    }

    void OnRead(uint error, uint bytes, NativeOverlapped *overlapped)
    {
        bound.FreeNativeOverlapped(overlapped);
        Measure.Must(error == 0, "read");
        Job.Use(piece.AsSpan(0, (int)bytes));
        missing.Signal();
    }

    public static void Contend()
    {
        using SafeFileHandle pipe =
            Win32.OpenOverlapped(@"\\.\pipe\" + Job.Name);
        using var bound = ThreadPoolBoundHandle.BindHandle(pipe);
        using var missing = new CountdownEvent(Job.Reads);
        var readers = new BoundHandle[Job.Reads];
        for (int i = 0; i < readers.Length; i++)
            readers[i] = new BoundHandle(pipe, bound, missing);
        Measure.Begin();
        foreach (BoundHandle reader in readers)
            reader.Read();
        Job.AllPending();
        missing.Wait();
        Measure.End();
        foreach (BoundHandle reader in readers)
            reader.preAllocated.Dispose();
    }
}

}
