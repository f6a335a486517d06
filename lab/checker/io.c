/* The layer's calls that start an I/O. */
#include "below.h"
#include "handles.h"
#include "layer.h"
#include "packets.h"
#include "routines.h"
#include "submissions.h"
#include "threads.h"

#include <stdio.h>

/* ---- With an OVERLAPPED ---------------------------------------------------
 */

/* Before the call. NULL: it has no OVERLAPPED. */
static struct request *begin_io(struct submission submission)
{
    enter_blocking(submission.function);
    return submission.overlapped != NULL ? submit_begin(submission) : NULL;
}

/* After the call, whose result it returns. */
static BOOL end_io(struct request *request, BOOL ok, bool always_queued)
{
    DWORD error = GetLastError();
    bool transferred = request != NULL && request->kind != A_CALL;
    if (request != NULL)
        submit_end(request, ok, ok ? ERROR_SUCCESS : error, always_queued);
    leave_blocking();
    /* ReadFileEx may succeed with a warning. */
    return answer(ok, ok && transferred && !always_queued ? NO_MEANING : error);
}

/* ---- Reads and writes --------------------------------------------------- */

static void hint_no_overlapped(const char *function, HANDLE file, BOOL ok)
{
    DWORD error = GetLastError();
    lock_records();
    const struct handle *handle = find_handle(file);
    bool is_wrong = handle != NULL && handle->kind == A_FILE &&
                    handle->overlapped && !handle->unseen;
    struct place made = is_wrong ? handle->made : here();
    unlock_records();
    char result[48] = "succeeded";
    if (!ok)
        snprintf(result, sizeof result, "failed with error %lu", error);
    if (is_wrong)
        hint("%s is called without an OVERLAPPED on an overlapped handle\n"
             "the call %s %s\nthe file was opened %s\n"
             "rule: an overlapped handle has no file position: pass the offset "
             "in an OVERLAPPED",
             function, place_text(here()), result, place_text(made));
    SetLastError(error);
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    struct request *request = begin_io((struct submission){
        A_READ, "ReadFile", file, buffer, length, overlapped, false});
    BOOL ok = below.ReadFile(file, buffer, length, bytes, overlapped);
    if (request == NULL)
        hint_no_overlapped("ReadFile", file, ok);
    return end_io(request, ok, false);
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    show(buffer);
    struct request *request = begin_io((struct submission){
        A_WRITE, "WriteFile", file, buffer, length, overlapped, false});
    BOOL ok = below.WriteFile(file, buffer, length, bytes, overlapped);
    if (request == NULL)
        hint_no_overlapped("WriteFile", file, ok);
    return end_io(request, ok, false);
}

/* ---- With a completion routine --------------------------------------------
 */

/* The same as end_io. If the call succeeds, the routine always runs later. */
static BOOL end_io_by_routine(struct request *request,
                              const OVERLAPPED *overlapped, BOOL ok,
                              bool has_routine)
{
    DWORD error = GetLastError();
    if (!ok && has_routine)
        routine_refused(overlapped);
    SetLastError(error);
    return end_io(request, ok, true);
}

static BOOL read_file_ex(HANDLE file, void *buffer, DWORD length,
                         OVERLAPPED *overlapped,
                         LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct request *request =
        begin_io((struct submission){A_READ, "ReadFileEx", file, buffer, length,
                                     overlapped, routine != NULL});
    BOOL ok = below.ReadFileEx(file, buffer, length, overlapped,
                               begin_routine(overlapped, routine));
    return end_io_by_routine(request, overlapped, ok, routine != NULL);
}

static BOOL write_file_ex(HANDLE file, const void *buffer, DWORD length,
                          OVERLAPPED *overlapped,
                          LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct request *request =
        begin_io((struct submission){A_WRITE, "WriteFileEx", file, buffer,
                                     length, overlapped, routine != NULL});
    BOOL ok = below.WriteFileEx(file, buffer, length, overlapped,
                                begin_routine(overlapped, routine));
    return end_io_by_routine(request, overlapped, ok, routine != NULL);
}

static BOOL watch_directory(HANDLE directory, void *buffer, DWORD length,
                            BOOL subtree, DWORD filter, DWORD *bytes,
                            OVERLAPPED *overlapped,
                            LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    bool by_routine = routine != NULL && overlapped != NULL;
    struct request *request =
        begin_io((struct submission){A_CALL, "ReadDirectoryChangesW", directory,
                                     buffer, length, overlapped, by_routine});
    BOOL ok = below.ReadDirectoryChangesW(
        directory, buffer, length, subtree, filter, bytes, overlapped,
        by_routine ? begin_routine(overlapped, routine) : routine);
    return end_io_by_routine(request, overlapped, ok, by_routine);
}

/* ---- Other I/O ---------------------------------------------------------- */

static BOOL connect_pipe(HANDLE pipe, OVERLAPPED *overlapped)
{
    struct request *request = begin_io((struct submission){
        A_CALL, "ConnectNamedPipe", pipe, NULL, 0, overlapped, false});
    return end_io(request, below.ConnectNamedPipe(pipe, overlapped), false);
}

static BOOL transact(HANDLE pipe, void *in, DWORD in_size, void *out,
                     DWORD out_size, DWORD *bytes, OVERLAPPED *overlapped)
{
    show(in);
    struct request *request = begin_io((struct submission){
        A_CALL, "TransactNamedPipe", pipe, out, out_size, overlapped, false});
    BOOL ok = below.TransactNamedPipe(pipe, in, in_size, out, out_size, bytes,
                                      overlapped);
    return end_io(request, ok, false);
}

static BOOL control_device(HANDLE device, DWORD code, void *in, DWORD in_size,
                           void *out, DWORD out_size, DWORD *bytes,
                           OVERLAPPED *overlapped)
{
    show(in);
    struct request *request = begin_io((struct submission){
        A_CALL, "DeviceIoControl", device, out, out_size, overlapped, false});
    BOOL ok = below.DeviceIoControl(device, code, in, in_size, out, out_size,
                                    bytes, overlapped);
    return end_io(request, ok, false);
}

/* The OVERLAPPED's offset is where the range begins. */
static BOOL lock_file(HANDLE file, DWORD flags, DWORD reserved, DWORD low,
                      DWORD high, OVERLAPPED *overlapped)
{
    struct request *request = begin_io((struct submission){
        A_CALL, "LockFileEx", file, NULL, 0, overlapped, false});
    BOOL ok = below.LockFileEx(file, flags, reserved, low, high, overlapped);
    return end_io(request, ok, false);
}

void replace_io(void)
{
    __imp_ConnectNamedPipe = connect_pipe;
    __imp_DeviceIoControl = control_device;
    __imp_LockFileEx = lock_file;
    __imp_ReadDirectoryChangesW = watch_directory;
    __imp_ReadFile = read_file;
    __imp_ReadFileEx = read_file_ex;
    __imp_TransactNamedPipe = transact;
    __imp_WriteFile = write_file;
    __imp_WriteFileEx = write_file_ex;
}
