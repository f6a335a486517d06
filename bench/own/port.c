#include "port.h"

#include "../../lab/interpose/writable.h"
#include "../measure.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { MAX_QUEUES = 64 };
enum { SUCCESS = 0, PENDING = 0x103 }; /* STATUS_SUCCESS, STATUS_PENDING */
static const ULONG_PTR CANCELLED = 0xC0000120; /* STATUS_CANCELLED */

/* ---- Lists of OVERLAPPEDs ------------------------------------------------ */

/* While an OVERLAPPED belongs to the kernel, its InternalHigh is the address of
 * the next one. Nothing is allocated for a read or a packet. */
struct list {
    ULONG_PTR first, *end;
};

static void clear(struct list *list)
{
    list->first = 0;
    list->end = &list->first;
}

static void append(struct list *list, OVERLAPPED *overlapped)
{
    overlapped->InternalHigh = 0;
    *list->end = (ULONG_PTR)overlapped;
    list->end = &overlapped->InternalHigh;
}

/* Moves everything from one list to the end of the other. */
static void move_all(struct list *to, struct list *from)
{
    if (from->first == 0)
        return;
    *to->end = from->first;
    to->end = from->end;
    clear(from);
}

/* NULL if the list is empty. */
static OVERLAPPED *take_first(struct list *list)
{
    OVERLAPPED *first = (OVERLAPPED *)list->first;
    if (first == NULL)
        return NULL;
    list->first = first->InternalHigh;
    if (list->first == 0)
        list->end = &list->first;
    return first;
}

/* ---- Locks that are not counted ------------------------------------------ */

static void lock(atomic_flag *flag)
{
    while (atomic_flag_test_and_set(flag))
        SwitchToThread();
}

static void unlock(atomic_flag *flag)
{
    atomic_flag_clear(flag);
}

/* ---- The port ------------------------------------------------------------ */

struct queue {
    struct list own;                /* only its thread uses it */
    _Alignas(64) atomic_flag guard; /* of the fields below */
    struct list arrived;            /* from other threads */
    ULONG_PTR sentinel;             /* a key, of a packet without OVERLAPPED */
    _Atomic unsigned signals;       /* changes with each arrival */
};

static struct queue queues[MAX_QUEUES];
static _Atomic unsigned queue_count, dealt;
static _Atomic bool held;
static ULONG_PTR files_key; /* of all files */
static char the_port;       /* its address is the handle */
static DWORD my_queue; /* an index for TlsGetValue; _Thread_local is slower */

static struct queue *make_my_queue(void)
{
    static atomic_flag guard = ATOMIC_FLAG_INIT;
    lock(&guard);
    must(queue_count < MAX_QUEUES, "serve so many threads");
    struct queue *queue = &queues[queue_count];
    clear(&queue->own);
    clear(&queue->arrived);
    TlsSetValue(my_queue, queue);
    queue_count++; /* from now on other threads use the queue */
    unlock(&guard);
    WakeByAddressAll((void *)&queue_count);
    return queue;
}

static void signal_to(struct queue *queue)
{
    queue->signals++;
    WakeByAddressSingle((void *)&queue->signals);
}

static void queue_packet(OVERLAPPED *packet)
{
    struct queue *queue = TlsGetValue(my_queue);
    if (queue != NULL) {
        append(&queue->own, packet);
        return;
    }
    queue = &queues[dealt++ % queue_count];
    lock(&queue->guard);
    append(&queue->arrived, packet);
    unlock(&queue->guard);
    if (!held)
        signal_to(queue);
}

static bool has_arrivals(const struct queue *queue)
{
    const volatile struct queue *seen = queue;
    return (seen->arrived.first != 0 || seen->sentinel != 0) && !held;
}

/* Returns the key of a sentinel, or 0. A thread takes all packets before. */
static ULONG_PTR fetch_arrivals(struct queue *queue)
{
    ULONG_PTR sentinel = 0;
    lock(&queue->guard);
    move_all(&queue->own, &queue->arrived);
    if (queue->own.first == 0) {
        sentinel = queue->sentinel;
        queue->sentinel = 0;
    }
    unlock(&queue->guard);
    return sentinel;
}

static BOOL deliver(OVERLAPPED *packet, DWORD *bytes, ULONG_PTR *key,
                    OVERLAPPED **overlapped)
{
    bool ok = packet->Internal == SUCCESS;
    packet->InternalHigh = *bytes = ok;
    *key = files_key;
    *overlapped = packet;
    if (!ok)
        SetLastError(ERROR_OPERATION_ABORTED);
    return ok;
}

static WINBOOL WINAPI get_packet(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                                 OVERLAPPED **overlapped, DWORD timeout)
{
    struct queue *queue = TlsGetValue(my_queue);
    (void)port;
    if (queue == NULL)
        queue = make_my_queue();
    for (;;) {
        unsigned seen = queue->signals;
        if (has_arrivals(queue)) {
            ULONG_PTR sentinel = fetch_arrivals(queue);
            if (sentinel != 0) {
                *overlapped = NULL;
                *key = sentinel;
                return TRUE;
            }
        }
        OVERLAPPED *packet = take_first(&queue->own);
        if (packet != NULL)
            return deliver(packet, bytes, key, overlapped);
        if (!WaitOnAddress(&queue->signals, &seen, sizeof seen, timeout)) {
            *overlapped = NULL;
            SetLastError(WAIT_TIMEOUT);
            return FALSE;
        }
    }
}

static WINBOOL WINAPI post_packet(HANDLE port, DWORD bytes, ULONG_PTR key,
                                  OVERLAPPED *overlapped)
{
    (void)port, (void)bytes;
    if (overlapped != NULL) {
        overlapped->Internal = SUCCESS;
        queue_packet(overlapped);
        return TRUE;
    }
    struct queue *queue = &queues[dealt++ % queue_count];
    lock(&queue->guard);
    queue->sentinel = key;
    unlock(&queue->guard);
    signal_to(queue);
    return TRUE;
}

/* ---- Files --------------------------------------------------------------- */

static struct file {
    atomic_flag used, guard;
    bool pends;
    struct list pending;
} files[16]; /* the address of one is its handle */

HANDLE port_open(bool pends)
{
    struct file *file = files;
    while (file < files + sizeof files / sizeof *files &&
           atomic_flag_test_and_set(&file->used))
        file++;
    must(file < files + sizeof files / sizeof *files, "open so many files");
    file->pends = pends;
    clear(&file->pending);
    return file;
}

static void complete(OVERLAPPED *overlapped, ULONG_PTR status)
{
    overlapped->Internal = status;
    queue_packet(overlapped);
}

/* The Pointer of a pending read is the address of the link to it. The Pointer
 * of any other read is NULL, as its offset is 0. */
static void take_out(struct file *file, OVERLAPPED *overlapped)
{
    ULONG_PTR *link = overlapped->Pointer;
    OVERLAPPED *next = (OVERLAPPED *)overlapped->InternalHigh;
    *link = overlapped->InternalHigh;
    if (next != NULL)
        next->Pointer = link;
    else
        file->pending.end = link;
    overlapped->Pointer = NULL;
    complete(overlapped, CANCELLED);
}

static WINBOOL WINAPI read_file(HANDLE handle, void *buffer, DWORD length,
                                DWORD *bytes, OVERLAPPED *overlapped)
{
    struct file *file = handle;
    (void)buffer, (void)length;
    if (bytes != NULL)
        *bytes = 0;
    if (file->pends) {
        overlapped->Internal = PENDING;
        lock(&file->guard);
        overlapped->Pointer = file->pending.end;
        append(&file->pending, overlapped);
        unlock(&file->guard);
    } else {
        complete(overlapped, SUCCESS);
    }
    SetLastError(ERROR_IO_PENDING);
    return FALSE;
}

static WINBOOL WINAPI cancel(HANDLE handle, OVERLAPPED *overlapped)
{
    struct file *file = handle;
    bool found = false;
    lock(&file->guard);
    if (overlapped != NULL && overlapped->Pointer != NULL) {
        found = true;
        take_out(file, overlapped);
    }
    while (overlapped == NULL && file->pending.first != 0) {
        found = true;
        take_out(file, (OVERLAPPED *)file->pending.first);
    }
    unlock(&file->guard);
    if (!found)
        SetLastError(ERROR_NOT_FOUND);
    return found;
}

static HANDLE WINAPI create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                                 DWORD threads)
{
    (void)port, (void)threads;
    if (file != INVALID_HANDLE_VALUE)
        files_key = key;
    return &the_port;
}

/* ---- The import table ---------------------------------------------------- */

extern __typeof__(AcquireSRWLockExclusive) *__imp_AcquireSRWLockExclusive;
extern __typeof__(AcquireSRWLockShared) *__imp_AcquireSRWLockShared;
extern __typeof__(CancelIoEx) *__imp_CancelIoEx;
extern __typeof__(CloseHandle) *__imp_CloseHandle;
extern __typeof__(CreateIoCompletionPort) *__imp_CreateIoCompletionPort;
extern __typeof__(GetQueuedCompletionStatus) *__imp_GetQueuedCompletionStatus;
extern __typeof__(PostQueuedCompletionStatus) *__imp_PostQueuedCompletionStatus;
extern __typeof__(ReadFile) *__imp_ReadFile;
extern __typeof__(TryAcquireSRWLockExclusive) *__imp_TryAcquireSRWLockExclusive;

static __typeof__(CloseHandle) *close_real;
static __typeof__(AcquireSRWLockExclusive) *acquire_real, *acquire_shared_real;
static __typeof__(TryAcquireSRWLockExclusive) *try_real;
static _Atomic uint64_t acquired;

static WINBOOL WINAPI close(HANDLE handle)
{
    if ((uintptr_t)handle - (uintptr_t)files < sizeof files)
        atomic_flag_clear(&((struct file *)handle)->used);
    else if (handle == &the_port)
        queue_count = dealt = 0; /* its threads have ended */
    else
        return close_real(handle);
    return TRUE;
}

static void WINAPI acquire(SRWLOCK *srw)
{
    acquired++;
    acquire_real(srw);
}

static void WINAPI acquire_shared(SRWLOCK *srw)
{
    acquired++;
    acquire_shared_real(srw);
}

static BOOLEAN WINAPI try_to_acquire(SRWLOCK *srw)
{
    BOOLEAN ok = try_real(srw);
    acquired += ok;
    return ok;
}

void port_replace(void)
{
    my_queue = TlsAlloc();
    must(my_queue != TLS_OUT_OF_INDEXES, "get thread-local storage");
    make_imports_writable();
    close_real = __imp_CloseHandle;
    acquire_real = __imp_AcquireSRWLockExclusive;
    acquire_shared_real = __imp_AcquireSRWLockShared;
    try_real = __imp_TryAcquireSRWLockExclusive;
    __imp_CancelIoEx = cancel;
    __imp_CloseHandle = close;
    __imp_CreateIoCompletionPort = create_port;
    __imp_GetQueuedCompletionStatus = get_packet;
    __imp_PostQueuedCompletionStatus = post_packet;
    __imp_ReadFile = read_file;
}

/* ---- Control ------------------------------------------------------------- */

void port_wait_for_threads(unsigned threads)
{
    for (unsigned seen; (seen = queue_count) < threads;)
        WaitOnAddress(&queue_count, &seen, sizeof seen, INFINITE);
}

void port_hold(void)
{
    held = true;
}

void port_release(void)
{
    held = false;
    for (unsigned i = 0; i < queue_count; i++)
        signal_to(&queues[i]);
}

void port_begin_counting_locks(void)
{
    acquired = 0;
    __imp_AcquireSRWLockExclusive = acquire;
    __imp_AcquireSRWLockShared = acquire_shared;
    __imp_TryAcquireSRWLockExclusive = try_to_acquire;
}

uint64_t port_end_counting_locks(void)
{
    __imp_AcquireSRWLockExclusive = acquire_real;
    __imp_AcquireSRWLockShared = acquire_shared_real;
    __imp_TryAcquireSRWLockExclusive = try_real;
    return acquired;
}
