// Contends with File.Copy, which is CopyFile of Win32. It does not wait for the
// disk; so the copy is opened once more for that. In C: bench/copy/copyfile.c.

using System.IO;

namespace Copy
{

static class FileCopy
{
    public static void Contend()
    {
        File.Copy(Job.Source, Job.Destination, true);
        if (!Job.Flush)
            return;
        using var copy = new FileStream(Job.Destination, FileMode.Open,
                                        FileAccess.Write, FileShare.Read);
        copy.Flush(true);
    }
}

}
