/* Rows about regular files. */
#include "rows.h"
#include "tools.h"

#include <winioctl.h>

static HANDLE bound_file(void)
{
    return bound(make_file(FILE_FLAG_OVERLAPPED));
}

static void read_and_see(uint64_t offset, DWORD length)
{
    read_at(bound_file(), offset, length);
    saw_packet();
}

static void read_file(void)
{
    read_and_see(0, BLOCK);
}

static void completed_on_return(void)
{
    HANDLE file = bound_file();
    bool completed =
        ReadFile(file, buffer, BLOCK, NULL, &io) ||
        (GetLastError() == ERROR_IO_PENDING && HasOverlappedIoCompleted(&io));
    saw(completed ? "completed" : "pending");
}

static void read_tail(void)
{
    read_and_see(BLOCK, BLOCK);
}

static void read_at_the_end(void)
{
    read_and_see(FILE_SIZE, BLOCK);
}

static const uint64_t AFTER_END = 2ULL * FILE_SIZE;

static void read_after_the_end(void)
{
    read_and_see(AFTER_END, BLOCK);
}

static void end_in_internal(void)
{
    HANDLE file = make_file(FILE_FLAG_OVERLAPPED);
    DWORD bytes;
    set_io(FILE_SIZE);
    if (!ReadFile(file, buffer, BLOCK, NULL, &io) &&
        GetLastError() == ERROR_IO_PENDING)
        GetOverlappedResult(file, &io, &bytes, TRUE);
    saw("Internal 0x%llX", io.Internal);
}

static void read_nothing(void)
{
    read_and_see(0, 0);
}

static void read_nothing_after_the_end(void)
{
    read_and_see(AFTER_END, 0);
}

static void append(void)
{
    LARGE_INTEGER size;
    HANDLE file = bound_file();
    write_at(file, MINUS_1, "end", 3);
    saw_packet();
    need(GetFileSizeEx(file, &size), "take the size");
    saw("size %lld", size.QuadPart);
}

/* Does a write there reach this place, and not a place 4 GiB (or 2) below? */
static void far_offset(uint64_t offset)
{
    DWORD bytes;
    HANDLE file = bound_file();
    /* Otherwise Windows fills the file with zeros up to there. */
    DeviceIoControl(open_again(GENERIC_WRITE, 0), FSCTL_SET_SPARSE, NULL, 0,
                    NULL, 0, &bytes, NULL);
    set_io(offset);
    WriteFile(file, "far", 3, NULL, &io);
    saw_packet_within(LIMIT);
    set_io(offset);
    ReadFile(file, buffer, BLOCK, NULL, &io);
    saw_packet_within(LIMIT);
    saw("'%.3s'", buffer);
    set_io(0);
    need(ReadFile(file, buffer, 3, NULL, &io) ||
             GetLastError() == ERROR_IO_PENDING,
         "read at 0");
    need(GetOverlappedResult(file, &io, &bytes, TRUE), "read at 0");
    saw(buffer[0] == '\0' ? "0 is unchanged" : "0 is overwritten");
}

static void at_2_gib(void)
{
    far_offset(1ULL << 31);
}

static void at_4_gib(void)
{
    far_offset(1ULL << 32);
}

static void skip_read(void)
{
    HANDLE file = bound_file();
    skip_on_success(file);
    read_at(file, 0, BLOCK);
    saw_packet();
}

static void skip_write(void)
{
    HANDLE file = bound_file();
    skip_on_success(file);
    write_at(file, 0, "xyz", 3);
    saw_packet();
}

static void cancel(void)
{
    HANDLE file = bound_file();
    read_at(file, 0, BLOCK);
    SAW_BOOL(CancelIoEx(file, &io));
    saw_packet_within(LIMIT);
}

static void close_before_the_packet(void)
{
    HANDLE file = bound_file();
    read_at(file, 0, BLOCK);
    CloseHandle(file);
    saw_packet_within(LIMIT);
}

static void event_with_its_lowest_bit(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE file = bound_file();
    io.hEvent = (HANDLE)((uintptr_t)event | 1);
    read_at(file, 0, BLOCK);
    saw(WaitForSingleObject(event, LIMIT) == WAIT_OBJECT_0 ? "event set"
                                                           : "event not set");
    saw_packet_within(0);
}

static void position_of_a_synchronous_handle(void)
{
    LARGE_INTEGER position = {0};
    HANDLE file = make_file(0);
    read_at(file, 1000, 100);
    need(SetFilePointerEx(file, position, &position, FILE_CURRENT),
         "take the position");
    saw("position %lld", position.QuadPart);
}

static void unbuffered(void)
{
    read_at(bound(make_file(FILE_FLAG_OVERLAPPED | FILE_FLAG_NO_BUFFERING)), 1,
            100);
    saw_packet();
}

static void lock(HANDLE file)
{
    OVERLAPPED range = {0};
    need(LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 100, 0, &range),
         "lock a range");
}

static void read_what_is_locked(void)
{
    HANDLE file = bound_file();
    lock(open_again(GENERIC_READ | GENERIC_WRITE, 0));
    read_at(file, 0, BLOCK);
    saw_packet();
}

static void lock_what_is_locked(void)
{
    HANDLE file = bound_file();
    HANDLE holder = open_again(GENERIC_READ | GENERIC_WRITE, 0);
    lock(holder);
    SAW_BOOL(LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 100, 0, &io));
    need(UnlockFile(holder, 0, 0, 100, 0), "unlock the range");
    saw_packet_within(NEVER);
    SAW_BOOL(CancelIoEx(file, &io));
}

static void watch_a_directory(void)
{
    wchar_t directory[MAX_PATH], name[MAX_PATH];
    need(GetTempPathW(MAX_PATH, directory) != 0 &&
             GetTempFileNameW(directory, L"prb", 0, name) != 0 &&
             DeleteFileW(name) && CreateDirectoryW(name, NULL),
         "make a directory");
    HANDLE handle = CreateFileW(
        name, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
        OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    need(handle != INVALID_HANDLE_VALUE, "open the directory");
    bound(handle);
    SAW_BOOL(ReadDirectoryChangesW(handle, buffer, BLOCK, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &io,
                                   NULL));
    saw_packet_within(0);
    SAW_BOOL(CancelIoEx(handle, &io));
    saw_packet_within(LIMIT);
    CloseHandle(handle);
    RemoveDirectoryW(name);
}

static void nul_device(void)
{
    HANDLE nul = CreateFileW(L"NUL", GENERIC_READ, 0, NULL, OPEN_EXISTING,
                             FILE_FLAG_OVERLAPPED, NULL);
    need(nul != INVALID_HANDLE_VALUE, "open NUL");
    read_at(bound(nul), 0, BLOCK);
    saw_packet();
}

static void allocation_size(void)
{
    FILE_ALLOCATION_INFO allocation = {.AllocationSize.QuadPart = 1 << 20};
    SAW_BOOL(SetFileInformationByHandle(make_file(0), FileAllocationInfo,
                                        &allocation, sizeof allocation));
}

static void allocated_ranges(void)
{
    FILE_ALLOCATED_RANGE_BUFFER all = {.Length.QuadPart = FILE_SIZE}, found;
    DWORD bytes;
    SAW_BOOL(DeviceIoControl(make_file(0), FSCTL_QUERY_ALLOCATED_RANGES, &all,
                             sizeof all, &found, sizeof found, &bytes, NULL));
}

#define READ_TEST  "Wine's dlls/ntdll/tests/file.c, read_file_test"
#define BOTH_OK(n) "TRUE, packet ok n=" n "; or FALSE/997, packet ok n=" n
#define AT_END     "FALSE/997, packet 38 n=0; or FALSE/38, no packet"
#define FAR_OK     "packet ok n=3, packet ok n=3, 'far', 0 is unchanged"

const struct row file_rows[] = {
    {"read", "ReadFile", read_file, "FALSE/997, packet ok n=4096",
     BOTH_OK("4096"),
     READ_TEST "; documentation of GetQueuedCompletionStatus: a packet in both "
               "cases"},
    {"read-completed", "has the read completed when ReadFile returns?",
     completed_on_return, "completed", "completed; or pending", READ_TEST},
    {"read-tail", "ReadFile of 4096 bytes where the file has 904 more",
     read_tail, "FALSE/997, packet ok n=904", BOTH_OK("904"), READ_TEST},
    {"read-end", "ReadFile at the end", read_at_the_end,
     "FALSE/997, packet 38 n=0", AT_END, READ_TEST},
    {"read-after-end", "ReadFile after the end", read_after_the_end,
     "FALSE/997, packet 38 n=0", AT_END, READ_TEST},
    {"end-internal", "Internal after a read at the end", end_in_internal,
     "Internal 0xC0000011", "Internal 0xC0000011", READ_TEST},
    {"read-nothing", "ReadFile of 0 bytes", read_nothing,
     "FALSE/997, packet ok n=0", BOTH_OK("0"),
     "Wine's dlls/ntdll/tests/file.c, test_read_write"},
    {"read-nothing-after", "ReadFile of 0 bytes after the end",
     read_nothing_after_the_end, "FALSE/997, packet ok n=0", BOTH_OK("0"),
     "Wine's dlls/ntdll/tests/file.c, test_read_write, with a synchronous "
     "handle"},
    {"append", "WriteFile at offset 0xFFFFFFFFFFFFFFFF; the file's size",
     append, "FALSE/997, packet ok n=3, size 5003",
     "TRUE, packet ok n=3, size 5003; or FALSE/997, packet ok n=3, size 5003",
     "documentation of WriteFile"},
    {"far-2", "WriteFile of 3 bytes at 2 GiB; ReadFile there; the bytes at 0",
     at_2_gib, FAR_OK, FAR_OK, "documentation of OVERLAPPED"},
    {"far-4", "WriteFile of 3 bytes at 4 GiB; ReadFile there; the bytes at 0",
     at_4_gib, FAR_OK, FAR_OK, "documentation of OVERLAPPED"},
    {"skip-read", "ReadFile after FILE_SKIP_COMPLETION_PORT_ON_SUCCESS",
     skip_read, "FALSE/997, packet ok n=4096",
     "TRUE, no packet; or FALSE/997, packet ok n=4096",
     "documentation of SetFileCompletionNotificationModes"},
    {"skip-write", "WriteFile after FILE_SKIP_COMPLETION_PORT_ON_SUCCESS",
     skip_write, "FALSE/997, packet ok n=3",
     "TRUE, no packet; or FALSE/997, packet ok n=3",
     "documentation of SetFileCompletionNotificationModes"},
    {"cancel-read", "ReadFile, then CancelIoEx", cancel,
     "FALSE/997, FALSE/1168, packet ok n=4096",
     "TRUE, FALSE/1168, packet ok n=4096; or FALSE/997, FALSE/1168, packet ok "
     "n=4096; or FALSE/997, TRUE, packet ok n=4096; or FALSE/997, TRUE, packet "
     "995 n=0",
     "documentation of CancelIoEx"},
    {"close-file", "ReadFile, then CloseHandle of the file",
     close_before_the_packet, "FALSE/997, packet ok n=4096", NULL, NULL},
    {"event-bit", "ReadFile with an hEvent whose lowest bit is set",
     event_with_its_lowest_bit, "FALSE/997, event set, no packet",
     "TRUE, event set, no packet; or FALSE/997, event set, no packet",
     "documentation of GetQueuedCompletionStatus"},
    {"unbuffered", "ReadFile of 100 bytes at 1 with FILE_FLAG_NO_BUFFERING",
     unbuffered, "FALSE/997, packet ok n=100", "FALSE/87, no packet",
     "documentation, File Buffering"},
    {"read-locked", "ReadFile of a range that another handle has locked",
     read_what_is_locked, "FALSE/997, packet ok n=4096",
     "FALSE/33, no packet; or FALSE/997, packet 33 n=0",
     "documentation of LockFileEx"},
    {"lock-locked",
     "LockFileEx of a range that another handle has locked; UnlockFile by the "
     "other handle; CancelIoEx",
     lock_what_is_locked, "FALSE/997, no packet, FALSE/1168",
     "FALSE/997, packet ok n=0, FALSE/1168", "documentation of LockFileEx"},
    {"watch", "ReadDirectoryChangesW, then CancelIoEx", watch_a_directory,
     "TRUE, no packet, TRUE, packet 995 n=0",
     "TRUE, no packet, TRUE, packet 995 n=0",
     "documentation of ReadDirectoryChangesW and CancelIoEx"},
    {"nul", "ReadFile of NUL", nul_device, "FALSE/38, packet 38 n=0", NULL,
     NULL},
    {"synchronous",
     "ReadFile of 100 bytes at 1000 with an OVERLAPPED, on a synchronous "
     "handle; the handle's position",
     position_of_a_synchronous_handle, "TRUE, position 1100",
     "TRUE, position 1100",
     "Wine's dlls/ntdll/tests/file.c, append_file_test, with a write"},
    {"allocation", "SetFileInformationByHandle, FileAllocationInfo",
     allocation_size, "FALSE/120", "TRUE",
     "documentation of SetFileInformationByHandle"},
    {"ranges", "DeviceIoControl, FSCTL_QUERY_ALLOCATED_RANGES",
     allocated_ranges, "FALSE/50", "TRUE",
     "documentation of FSCTL_QUERY_ALLOCATED_RANGES"},
    {.name = NULL},
};
