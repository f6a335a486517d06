/* Completion ports: they are made, bound, filled and emptied. */
#include "deep.h"
#include "layer.h"

#include "../guard/guard.h"
#include "../interpose/caller.h"

#include <string.h>

static HANDLE create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                          DWORD threads)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateIoCompletionPort,
                                   .handle = (uintptr_t)file,
                                   .other = (uintptr_t)port,
                                   .offset = key,
                                   .length = threads,
                                   .bytes = port == NULL});
    HANDLE made = trace_next.CreateIoCompletionPort(file, port, key, threads);
    if (made != NULL) {
        record->other = (uintptr_t)made;
        deep_port(made);
    }
    end_call(record, made != NULL);
    return made;
}

/* A posted address may be no OVERLAPPED at all. So only memory that the guard
 * has allocated is read. */
static uintptr_t other_fields(const OVERLAPPED *overlapped)
{
    struct guard_block block;
    if (!guard_find(overlapped, &block) || block.freed != NULL ||
        block.memory + block.size < (const char *)(overlapped + 1))
        return 0;
    return overlapped->Internal | overlapped->InternalHigh |
           (uintptr_t)overlapped->hEvent;
}

static BOOL post(HANDLE port, DWORD bytes, ULONG_PTR key,
                 OVERLAPPED *overlapped)
{
    deep_request(overlapped, NULL, 0);
    struct record *record =
        begin_call((struct record){.kind = KIND_PostQueuedCompletionStatus,
                                   .handle = (uintptr_t)port,
                                   .other = other_fields(overlapped),
                                   .overlapped = (uintptr_t)overlapped,
                                   .offset = key,
                                   .bytes = bytes});
    BOOL ok =
        trace_next.PostQueuedCompletionStatus(port, bytes, key, overlapped);
    end_call(record, ok);
    return ok;
}

static BOOL get_packet(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                       OVERLAPPED **overlapped, DWORD timeout)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_GetQueuedCompletionStatus,
                                   .handle = (uintptr_t)port,
                                   .length = timeout});
    BOOL ok = trace_next.GetQueuedCompletionStatus(port, bytes, key, overlapped,
                                                   timeout);
    if (ok || *overlapped != NULL) {
        record->overlapped = (uintptr_t)*overlapped;
        record->offset = *key;
        record->bytes = *bytes;
    }
    end_call(record, ok);
    return ok;
}

static void record_entry(const void *from, HANDLE port,
                         const OVERLAPPED_ENTRY *entry)
{
    DWORD error = win32_error((ULONG)entry->Internal);
    struct record *packet = begin_record(
        from, (struct record){.kind = KIND_PACKET,
                              .handle = (uintptr_t)port,
                              .overlapped = (uintptr_t)entry->lpOverlapped,
                              .offset = entry->lpCompletionKey,
                              .bytes = entry->dwNumberOfBytesTransferred});
    SetLastError(error);
    end_call(packet, error == ERROR_SUCCESS);
}

/* In an alertable wait the program's routines run, and make calls: so the place
 * of this call is read before. */
static BOOL get_packets(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count,
                        ULONG *taken, DWORD timeout, BOOL alertable)
{
    const void *from = caller();
    struct record *record =
        begin_call((struct record){.kind = KIND_GetQueuedCompletionStatusEx,
                                   .handle = (uintptr_t)port,
                                   .length = timeout});
    BOOL ok = trace_next.GetQueuedCompletionStatusEx(port, entries, count,
                                                     taken, timeout, alertable);
    if (ok)
        record->bytes = *taken;
    end_call(record, ok);
    for (ULONG i = 0; ok && i < *taken; i++)
        record_entry(from, port, &entries[i]);
    return ok;
}

/* ---- NtSetIoCompletion -------------------------------------------------- */

typedef LONG(NTAPI *set_completion_function)(HANDLE port, ULONG_PTR key,
                                             ULONG_PTR overlapped, LONG status,
                                             SIZE_T bytes);
static set_completion_function next_set_completion;

/* The function of a DLL whose name is `name`, in this program's import table.
 * NULL: the program does not import it. */
static void **find_import(const char *name)
{
    char *image = (char *)GetModuleHandleW(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)image;
    const IMAGE_NT_HEADERS *nt =
        (const IMAGE_NT_HEADERS *)(image + dos->e_lfanew);
    DWORD at = nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT]
                   .VirtualAddress;
    const IMAGE_IMPORT_DESCRIPTOR *dll =
        (const IMAGE_IMPORT_DESCRIPTOR *)(image + at);
    for (; dll->Name != 0 && dll->OriginalFirstThunk != 0; dll++) {
        const IMAGE_THUNK_DATA *thunk =
            (const IMAGE_THUNK_DATA *)(image + dll->OriginalFirstThunk);
        for (size_t i = 0; thunk[i].u1.AddressOfData != 0; i++) {
            const IMAGE_IMPORT_BY_NAME *import =
                (const IMAGE_IMPORT_BY_NAME *)(image +
                                               thunk[i].u1.AddressOfData);
            if (!IMAGE_SNAP_BY_ORDINAL(thunk[i].u1.Ordinal) &&
                strcmp((const char *)import->Name, name) == 0)
                return (void **)(image + dll->FirstThunk) + i;
        }
    }
    return NULL;
}

static LONG NTAPI set_completion(HANDLE port, ULONG_PTR key,
                                 ULONG_PTR overlapped, LONG status,
                                 SIZE_T bytes)
{
    deep_request((const OVERLAPPED *)overlapped, NULL, 0);
    const void *from = __builtin_return_address(0);
    struct record *record =
        begin_record(is_of_lab_or_library(from) ? caller() : from,
                     (struct record){.kind = KIND_NtSetIoCompletion,
                                     .handle = (uintptr_t)port,
                                     .overlapped = overlapped,
                                     .offset = key,
                                     .bytes = (uint32_t)bytes});
    LONG result = next_set_completion(port, key, overlapped, status, bytes);
    DWORD error = GetLastError();
    SetLastError(win32_error((ULONG)result));
    end_call(record, result >= 0);
    SetLastError(error);
    return result;
}

/* For a program that asks ntdll for the function. */
static FARPROC get_address(HMODULE module, const char *name)
{
    FARPROC address = trace_next.GetProcAddress(module, name);
    if (address != NULL && (uintptr_t)address == (uintptr_t)next_set_completion)
        return (FARPROC)(uintptr_t)set_completion;
    return address;
}

static void install_set_completion(void)
{
    static const char name[] = "NtSetIoCompletion";
    void **import = find_import(name);
    next_set_completion =
        (set_completion_function)(uintptr_t)real.GetProcAddress(
            GetModuleHandleW(L"ntdll"), name);
    if (import != NULL)
        *import = (void *)(uintptr_t)set_completion;
    __imp_GetProcAddress = get_address;
}

void install_ports(void)
{
    __imp_CreateIoCompletionPort = create_port;
    __imp_GetQueuedCompletionStatus = get_packet;
    __imp_GetQueuedCompletionStatusEx = get_packets;
    __imp_PostQueuedCompletionStatus = post;
    install_set_completion();
}
