/*
 * Prints what changes in a directory:
 *
 *      watch DIRECTORY
 *
 * The directory is a handle, and the pool serves it, too: ReadDirectoryChangesW
 * is started through bound_file_start. To end by itself, the program makes a
 * file in the directory, renames it, and deletes it; it ends when it has seen
 * the deletion.
 */
#include "../error.h"
#include "../pool.h"
#include "../programs/report.h"

#include <stdlib.h>
#include <wchar.h>

const wchar_t program[] = L"watch";

static const wchar_t first_name[] = L"watched.tmp",
                     last_name[] = L"renamed.tmp";

static struct pool pool;
static struct bound_file directory;
static HANDLE ended; /* an event: the deletion was seen */
static DWORD changes[4096];

static BOOL read_changes(HANDLE handle, OVERLAPPED *overlapped, void *unused)
{
    (void)unused;
    return ReadDirectoryChangesW(handle, changes, sizeof changes, FALSE,
                                 FILE_NOTIFY_CHANGE_FILE_NAME |
                                     FILE_NOTIFY_CHANGE_SIZE,
                                 NULL, overlapped, NULL);
}

static const char *action_of(const FILE_NOTIFY_INFORMATION *change)
{
    switch (change->Action) {
    case FILE_ACTION_ADDED:
        return "made";
    case FILE_ACTION_REMOVED:
        return "deleted";
    case FILE_ACTION_RENAMED_OLD_NAME:
        return "renamed from";
    case FILE_ACTION_RENAMED_NEW_NAME:
        return "renamed to";
    default:
        return "changed";
    }
}

/* Returns true for the deletion of the last name. */
static bool print_change(const FILE_NOTIFY_INFORMATION *change)
{
    wchar_t name[MAX_PATH] = L"";
    size_t length = change->FileNameLength / sizeof *name;
    wcsncat(name, change->FileName, length < MAX_PATH ? length : MAX_PATH - 1);
    say("%s: %ls", action_of(change), name);
    return change->Action == FILE_ACTION_REMOVED &&
           wcscmp(name, last_name) == 0;
}

/* Each record has the distance to the next one, in bytes, or 0. No record means
 * that there were more changes than fit into the buffer. */
static bool print_changes(DWORD bytes)
{
    const char *at = (const char *)changes;
    bool last = false;
    if (bytes == 0)
        say("too many changes");
    while (bytes > 0) {
        const FILE_NOTIFY_INFORMATION *change =
            (const FILE_NOTIFY_INFORMATION *)at;
        last = print_change(change) || last;
        if (change->NextEntryOffset == 0)
            break;
        at += change->NextEntryOffset;
    }
    return last;
}

static void watch(struct request *request)
{
    overlapped_reset(request, 0);
    struct submission started =
        bound_file_start(&directory, request, read_changes, NULL);
    if (started.outcome != IO_QUEUED)
        check_error(started.error, "watch", L"directory");
}

static void on_changes(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    check_error(error, "watch", L"directory");
    if (print_changes(bytes))
        check(SetEvent(ended), "set", L"event");
    else
        watch(request); /* the system keeps the changes in between */
}

/* Makes, renames and deletes a file. */
static void change_directory(const wchar_t *path)
{
    wchar_t one[MAX_PATH], other[MAX_PATH];
    check(swprintf(one, MAX_PATH, L"%ls\\%ls", path, first_name) > 0 &&
              swprintf(other, MAX_PATH, L"%ls\\%ls", path, last_name) > 0,
          "make a file in", path);
    HANDLE made = CreateFileW(one, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    check(made != INVALID_HANDLE_VALUE, "make", one);
    check(CloseHandle(made), "close", one);
    check(MoveFileExW(one, other, 0), "rename", one);
    check(DeleteFileW(other), "delete", other);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: watch DIRECTORY\n");
        return 2;
    }
    on_fatal_error(report_fatal_error);
    HANDLE handle = CreateFileW(
        argv[1], FILE_LIST_DIRECTORY,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
        OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    check(handle != INVALID_HANDLE_VALUE, "open", argv[1]);
    ended = CreateEventW(NULL, TRUE, FALSE, NULL);
    check(ended != NULL, "create", L"event");
    check_error(pool_create(&pool, 0, 0), "create", L"pool");
    check_error(pool_bind_handle(&pool, handle, 0, &directory), "bind",
                argv[1]);
    struct request *request = overlapped_pack(on_changes, NULL, NULL, 0, 0);
    check(request != NULL, "pack", L"request");
    watch(request);
    change_directory(argv[1]);
    check(WaitForSingleObject(ended, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"event");
    check_error(bound_file_close(&directory), "close", argv[1]);
    check_error(pool_stop(&pool, POOL_DRAIN), "stop", L"pool");
    check_error(overlapped_free(request), "free", L"request");
    say("done");
    return EXIT_SUCCESS;
}
