// This contender uses File.Copy, which is CopyFile of Win32. File.Copy does not
// wait for the disk. So the contender opens the copy again to flush it. In C:
// bench/copy/copyfile.c.

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
