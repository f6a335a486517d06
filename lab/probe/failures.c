/* Rows about calls that fail immediately: does a packet come anyway? */
#include "rows.h"
#include "tools.h"

static HANDLE bound_file(void)
{
    return bound(make_file(FILE_FLAG_OVERLAPPED));
}

static const uint64_t NEGATIVE = 1ULL << 63;

static void negative_offset(void)
{
    read_at(bound_file(), NEGATIVE, BLOCK);
    saw_packet();
}

static void offset_minus_1(void)
{
    read_at(bound_file(), MINUS_1, BLOCK);
    saw_packet();
}

static void skip_negative_offset(void)
{
    HANDLE file = bound_file();
    skip_on_success(file);
    read_at(file, NEGATIVE, BLOCK);
    saw_packet();
}

/* Says what ReadFile with these arguments returned. */
static void read_into(HANDLE file, void *where, OVERLAPPED *overlapped)
{
    DWORD bytes;
    set_io(0);
    SAW_BOOL(ReadFile(file, where, BLOCK, &bytes, overlapped));
}

static void read_into_null(void)
{
    read_into(bound_file(), NULL, &io);
    saw_packet();
}

static void read_into_reserved(void)
{
    void *reserved = VirtualAlloc(NULL, BLOCK, MEM_RESERVE, PAGE_NOACCESS);
    need(reserved != NULL, "reserve a page");
    read_into(bound_file(), reserved, &io);
    saw_packet();
}

static void internal_after_a_failure(void)
{
    read_into(bound_file(), NULL, &io);
    saw("Internal 0x%llX", io.Internal);
}

static void write_null(void)
{
    write_at(bound_file(), 0, NULL, BLOCK);
    saw_packet();
}

static void skip_write_null(void)
{
    HANDLE file = bound_file();
    skip_on_success(file);
    write_at(file, 0, NULL, BLOCK);
    saw_packet();
}

static void no_overlapped(void)
{
    read_into(bound_file(), buffer, NULL);
    saw_packet();
}

static void no_access(void)
{
    make_file(0);
    read_at(bound(open_again(GENERIC_WRITE, FILE_FLAG_OVERLAPPED)), 0, BLOCK);
    saw_packet();
}

static void closed_handle(void)
{
    HANDLE file = bound_file();
    CloseHandle(file);
    read_at(file, 0, BLOCK);
    saw_packet();
}

#define READ_WRITE_TEST "Wine's dlls/ntdll/tests/file.c, test_read_write"
#define TP_IO_TEST      "Wine's dlls/ntdll/tests/threadpool.c, test_kernel32_tp_io"

const struct row failure_rows[] = {
    {"negative", "ReadFile at a negative offset", negative_offset,
     "FALSE/87, packet 87 n=0", "FALSE/87, no packet", READ_WRITE_TEST},
    {"minus-1", "ReadFile at offset -1", offset_minus_1,
     "FALSE/87, packet 87 n=0", "FALSE/87, no packet", READ_WRITE_TEST},
    {"skip-negative",
     "ReadFile at a negative offset after "
     "FILE_SKIP_COMPLETION_PORT_ON_SUCCESS",
     skip_negative_offset, "FALSE/87, no packet", "FALSE/87, no packet",
     READ_WRITE_TEST},
    {"read-null", "ReadFile into NULL", read_into_null, "FALSE/998, no packet",
     "FALSE/998, no packet", TP_IO_TEST},
    {"read-reserved",
     "ReadFile into memory that is reserved, but not committed",
     read_into_reserved, "FALSE/998, no packet", "FALSE/998, no packet",
     TP_IO_TEST ", with NULL"},
    {"failed-internal", "Internal after ReadFile into NULL",
     internal_after_a_failure, "FALSE/998, Internal 0x103",
     "FALSE/998, Internal 0x103",
     "dotnet/runtime's FileStream.cs, a comment at ERROR_BROKEN_PIPE"},
    {"write-null", "WriteFile from NULL", write_null,
     "FALSE/1784, packet 1784 n=0", "FALSE/1784, no packet",
     READ_WRITE_TEST ", with a synchronous handle"},
    {"skip-write-null",
     "WriteFile from NULL after FILE_SKIP_COMPLETION_PORT_ON_SUCCESS",
     skip_write_null, "FALSE/1784, no packet", "FALSE/1784, no packet",
     READ_WRITE_TEST ", with a synchronous handle"},
    {"no-overlapped", "ReadFile without an OVERLAPPED", no_overlapped,
     "FALSE/87, no packet", "FALSE/87, no packet", READ_WRITE_TEST},
    {"no-access", "ReadFile with a handle that is open only for writing",
     no_access, "FALSE/5, no packet", "FALSE/5, no packet",
     "documentation of ReadFile"},
    {"closed-handle", "ReadFile with a closed handle", closed_handle,
     "FALSE/6, no packet", "FALSE/6, no packet",
     "Wine's dlls/ntdll/tests/file.c, read_file_test"},
    {.name = NULL},
};
