#include "files.h"
#include "../../final/programs/report.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t seed = 1;

void require(bool ok, const char *wrong, uint64_t number)
{
    static SRWLOCK first = SRWLOCK_INIT; /* only one thread prints */
    if (ok)
        return;
    AcquireSRWLockExclusive(&first);
    fprintf(stderr, "stress: seed %llu: %s (%llu)\n", seed, wrong, number);
    fflush(stderr);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
}

/* SplitMix64, by Steele and others */
uint64_t mix(uint64_t number)
{
    number += 0x9E3779B97F4A7C15;
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
    number = (number ^ number >> 27) * 0x94D049BB133111EB;
    return number ^ number >> 31;
}

unsigned below(uint64_t *generator, uint64_t limit)
{
    return (unsigned)(mix((*generator)++) % limit);
}

void fill_content(uint64_t *words, unsigned file, uint64_t offset, DWORD bytes,
                  uint64_t version)
{
    uint64_t start = mix(version + file) + offset / 8;
    for (DWORD i = 0; i < (bytes + 7) / 8; i++)
        words[i] = mix(start + i);
}

void fill_row(uint64_t *words, DWORD bytes, uint64_t first)
{
    for (DWORD i = 0; i < bytes / 8; i++)
        words[i] = first + i;
}

bool is_row(const uint64_t *words, DWORD bytes)
{
    uint64_t right[BLOCK_WORDS];
    fill_row(right, bytes, words[0]);
    return bytes % 8 == 0 && memcmp(words, right, bytes) == 0;
}

/* ---- Files and pipes ---------------------------------------------------- */

static const DWORD share =
    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/* The name contains the process's id. So several processes can use one
 * directory. */
static const wchar_t *path(unsigned slot)
{
    static _Thread_local wchar_t text[64];
    swprintf(text, 64, L"%lsstress-%lu-%u",
             slot < FILES ? L"" : L"\\\\.\\pipe\\", GetCurrentProcessId(),
             slot);
    return text;
}

static HANDLE files[FILES];

void make_files(uint64_t size)
{
    uint64_t words[BLOCK_WORDS];
    DWORD written;
    for (unsigned file = 0; file < FILES; file++) {
        files[file] =
            CreateFileW(path(file), GENERIC_WRITE | DELETE, share, NULL,
                        CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE, NULL);
        check(files[file] != INVALID_HANDLE_VALUE, "create", path(file));
        for (uint64_t offset = 0; offset < size; offset += BLOCK) {
            fill_content(words, file, offset, BLOCK, 0);
            check(WriteFile(files[file], words, BLOCK, &written, NULL), "write",
                  path(file));
        }
    }
}

void remove_files(void)
{
    for (unsigned file = 0; file < FILES; file++)
        check(CloseHandle(files[file]), "close", path(file));
}

/* A pipe is busy until its peer has noticed that the previous client is gone.
 */
HANDLE open_handle(unsigned slot)
{
    DWORD access = GENERIC_READ | (slot == READ_ONLY ? 0 : GENERIC_WRITE);
    DWORD mode = PIPE_READMODE_MESSAGE;
    HANDLE handle = INVALID_HANDLE_VALUE;
    while (handle == INVALID_HANDLE_VALUE) {
        handle = CreateFileW(path(slot), access, share, NULL, OPEN_EXISTING,
                             FILE_FLAG_OVERLAPPED, NULL);
        if (handle == INVALID_HANDLE_VALUE) {
            check(GetLastError() == ERROR_PIPE_BUSY, "open", path(slot));
            check(WaitNamedPipeW(path(slot), NMPWAIT_WAIT_FOREVER), "wait for",
                  path(slot));
        }
    }
    if (slot >= FILES)
        check(SetNamedPipeHandleState(handle, &mode, NULL, NULL), "set up",
              path(slot));
    return handle;
}

/* ---- Peers -------------------------------------------------------------- */

_Atomic uint64_t peers_bytes, peers_firsts;

static HANDLE pipes[SLOTS], peers[SLOTS]; /* peers: their threads */
static atomic_bool must_leave[SLOTS];

/* The peer must receive every message. Its last answers may get lost, because
 * no client reads them; so WriteFile may fail. */
static void serve(HANDLE pipe, uint64_t *generator)
{
    uint64_t words[BLOCK_WORDS], next = 1;
    DWORD bytes;
    while (ReadFile(pipe, words, sizeof words, &bytes, NULL)) {
        require(is_row(words, bytes), "a wrong message", bytes);
        peers_bytes += bytes;
        peers_firsts += words[0];
        bytes = 8 * (1 + below(generator, 64));
        fill_row(words, bytes, next);
        next += bytes / 8;
        WriteFile(pipe, words, bytes, &bytes, NULL);
    }
    check(GetLastError() == ERROR_BROKEN_PIPE, "read", L"pipe");
}

/* A peer uses synchronous I/O: its thread blocks. */
static unsigned __stdcall peer(void *argument)
{
    unsigned slot = (unsigned)(uintptr_t)argument;
    uint64_t generator = mix(seed + slot);
    HANDLE pipe = pipes[slot];
    while (!must_leave[slot]) {
        check(ConnectNamedPipe(pipe, NULL) ||
                  GetLastError() == ERROR_PIPE_CONNECTED ||
                  GetLastError() == ERROR_NO_DATA, /* came and left */
              "wait for", L"client");
        serve(pipe, &generator);
        check(DisconnectNamedPipe(pipe), "leave", L"client");
    }
    check(CloseHandle(pipe), "close", path(slot));
    return 0;
}

void start_peers(void)
{
    for (unsigned slot = FILES; slot < SLOTS; slot++) {
        pipes[slot] = CreateNamedPipeW(
            path(slot), PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE,
            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE |
                PIPE_REJECT_REMOTE_CLIENTS,
            1, BLOCK, BLOCK, 0, NULL);
        check(pipes[slot] != INVALID_HANDLE_VALUE, "create", path(slot));
        must_leave[slot] = false;
        peers[slot] = start_thread(peer, (void *)(uintptr_t)slot);
    }
}

/* One more client wakes each peer, so that it sees must_leave. */
void end_peers(void)
{
    for (unsigned slot = FILES; slot < SLOTS; slot++) {
        HANDLE last = open_handle(slot);
        must_leave[slot] = true;
        check(CloseHandle(last), "close", path(slot));
        join_thread(peers[slot]);
    }
}

/* ---- Threads and handles ------------------------------------------------ */

HANDLE start_thread(thread_routine *routine, void *argument)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, routine, argument, 0, NULL);
    check(thread != NULL, "start", L"thread");
    return thread;
}

void join_thread(HANDLE thread)
{
    check(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"thread");
    check(CloseHandle(thread), "close", L"thread");
}
