/* Has thousands of reads in flight. None has a packet or an event, so Internal
 * says when it has completed. */
#include "right.h"

enum { READS = 6000 };

static OVERLAPPED overlapped[READS];
static char bytes[READS];

int read_all(const char *path)
{
    HANDLE file = open_file(path);
    for (unsigned i = 0; i < READS; i++) {
        overlapped[i] = at_offset(i);
        ReadFile(file, &bytes[i], 1, NULL, &overlapped[i]);
    }
    for (unsigned i = 0; i < READS; i++)
        while (!HasOverlappedIoCompleted((volatile OVERLAPPED *)&overlapped[i]))
            Sleep(1);
    return compare_size(file, READS);
}
