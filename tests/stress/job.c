#include "job.h"
#include "../../final/programs/report.h"

#include <string.h>

uint64_t file_size(void)
{
    return thread_count * JOBS * BLOCK + SHARED;
}

/* A pool that is drained waits for all I/O in flight. So in such a round every
 * job has timeouts; otherwise every second one. */
bool has_timeouts(const struct job *job)
{
    return job->number % 2 == 1 || now->mode == POOL_DRAIN;
}

/* ---- Choosing an I/O ---------------------------------------------------- */

static void choose_kind(struct job *job)
{
    static const enum kind kinds[] = {
        READ,      READ,  READ_SHARED, READ_SHARED, READ_PIPE,  READ_PIPE,
        READ_PIPE, WRITE, WRITE,       WRITE_PIPE,  WRITE_PIPE, QUEUE};
    job->kind = kinds[below(&job->generator, 12)];
    job->slot = below(&job->generator, READ_ONLY);
    if (job->kind == READ_SHARED)
        job->slot = below(&job->generator, FILES);
    if (job->kind == READ_PIPE || job->kind == WRITE_PIPE)
        job->slot = FILES + below(&job->generator, SLOTS - FILES);
    if (job->kind == READ && job->versions[job->slot] == 0)
        job->kind = WRITE;
}

static void choose_write(struct job *job)
{
    job->length = BLOCK;
    job->version = mix(job->generator++);
    fill_content(job->words, job->slot, job->offset, BLOCK, job->version);
    if (below(&job->generator, 16) == 0) {
        job->slot = READ_ONLY;
        job->right_error = ERROR_ACCESS_DENIED; /* from the system */
    } else if (below(&job->generator, 16) == 0) {
        job->offset = INT64_MAX;
        job->right_error = ERROR_INVALID_PARAMETER; /* from the pool */
    }
}

/* Chooses the offset, the length and the bytes, and computes the right result.
 */
static void choose_bytes(struct job *job)
{
    uint64_t *generator = &job->generator;
    uint64_t skipped = 8 * below(generator, BLOCK_WORDS), rest = MAXDWORD;
    job->offset = job->slot < FILES ? job->number * BLOCK : 0;
    job->length = 8 * (1 + below(generator, 64));
    job->right_error = ERROR_SUCCESS;
    switch (job->kind) {
    case READ:
        job->offset += skipped;
        job->length = 1 + below(generator, BLOCK - skipped);
        job->version = job->versions[job->slot];
        break;
    case READ_SHARED:
        job->offset = file_size() - 8 * below(generator, SHARED / 8) + skipped;
        job->length = 1 + below(generator, BLOCK);
        job->version = 0;
        rest = job->offset < file_size() ? file_size() - job->offset : 0;
        job->right_error = rest > 0 ? ERROR_SUCCESS : ERROR_HANDLE_EOF;
        break;
    case WRITE:
        choose_write(job);
        break;
    case WRITE_PIPE:
        fill_row(job->words, job->length, mix((*generator)++));
        break;
    case READ_PIPE: /* see check_answer */
    case QUEUE:
        break;
    }
    if (job->right_error != ERROR_SUCCESS || job->kind == QUEUE)
        rest = 0;
    job->right_bytes = rest < job->length ? (DWORD)rest : job->length;
}

/* ---- Checking the result ------------------------------------------------ */

/* The answers must have every word of the row exactly once. check_answers in
 * stress.c checks the sums at the end of the round. */
static void check_answer(const struct job *job, DWORD bytes)
{
    struct opening *opening = job->opening;
    uint64_t last = opening->last, length = bytes / 8;
    require(is_row(job->words, bytes), "a wrong answer", bytes);
    for (uint64_t i = 0; i < length; i++)
        opening->sum += job->words[i];
    opening->words += length;
    while (length > 0 && last < job->words[length - 1])
        if (atomic_compare_exchange_weak(&opening->last, &last,
                                         job->words[length - 1]))
            break;
}

static void check_content(struct job *job, bool succeeded, DWORD bytes)
{
    uint64_t right[BLOCK_WORDS];
    switch (job->kind) {
    case READ:
    case READ_SHARED:
        fill_content(right, job->slot, job->offset, bytes, job->version);
        require(memcmp(job->words, right, bytes) == 0, "wrong bytes", bytes);
        break;
    case READ_PIPE:
        check_answer(job, bytes);
        break;
    case WRITE:
        if (job->slot != READ_ONLY)
            job->versions[job->slot] = succeeded ? job->version : 0;
        break;
    case WRITE_PIPE:
        peers_bytes -= bytes;
        peers_firsts -= succeeded ? job->words[0] : 0;
        break;
    case QUEUE:
        break;
    }
}

static void count_result(DWORD error, DWORD bytes)
{
    bool cancelled = overlapped_status(error) == IO_STATUS_CANCELLED;
    bool failed = overlapped_status(error) == IO_STATUS_FAILED;
    count(cancelled ? CANCELLED : failed ? FAILED : COMPLETED, 1);
    count(TIMED_OUT, error == ERROR_TIMEOUT);
    count(PARTS, error == ERROR_MORE_DATA);
    count(ENDS_OF_FILE, error == ERROR_HANDLE_EOF);
    count(BYTES, bytes);
}

/* Checks that the I/O completed once, and with the right result. */
static void check_result(struct job *job, DWORD error, DWORD bytes)
{
    bool answer = job->kind == READ_PIPE;
    require(atomic_exchange(&job->awaits, false), "completed twice", error);
    if (error == ERROR_TIMEOUT)
        require(job->timeout != 0, "timed out without a timeout", job->number);
    else if (error == ERROR_OPERATION_ABORTED)
        require(job->asked == job->ticket ||
                    job->cancels_over != now->cancels_begun,
                "cancelled, but no thread cancelled it", job->kind);
    else if (error != ERROR_MORE_DATA || !answer)
        require(error == job->right_error, "a wrong error", error);
    if (error == job->right_error && !answer)
        require(bytes == job->right_bytes, "a wrong length", bytes);
    check_content(job, error == ERROR_SUCCESS, bytes);
    count_result(error, bytes);
}

/* ---- Starting, completing and cancelling -------------------------------- */

static void on_packet(DWORD error, DWORD bytes, OVERLAPPED *overlapped);

/* Sets all fields before the start. After it, the job does not belong to this
 * thread. */
static void prepare(struct job *job, bool on_worker)
{
    choose_kind(job);
    choose_bytes(job);
    job->timeout = has_timeouts(job) ? 1 + below(&job->generator, 20) : 0;
    job->waits = job->kind != QUEUE && below(&job->generator, 8) == 0;
    /* A synchronous call on a pipe blocks its thread. So only one thread at a
     * time may call it: the others write to the pipe, or cancel. */
    if (job->waits && job->slot >= FILES)
        job->waits = !on_worker && thread_count > 1 &&
                     now->mode == POOL_CANCEL &&
                     !atomic_flag_test_and_set(&now->pipe_is_waited_for);
    if (job->request == NULL)
        job->request = overlapped_pack(on_packet, job, job->words, 0, 0);
    require(job->request != NULL, "no memory", 0);
    check_error(overlapped_reset(job->request, job->offset), "reset", L"job");
    /* clang-tidy does not see that the check above does not return.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    job->request->length = job->length;
    job->request->timeout = job->timeout;
    job->cancels_over = now->cancels_over;
    job->asked = 0;
    job->opening = job->kind == QUEUE ? NULL : now->slots[job->slot];
    job->ticket = job->request->ticket;
    job->awaits = true;
}

static struct submission call_and_wait(struct job *job, bool writes)
{
    struct bound_file *file = &job->opening->file;
    struct submission call = {.outcome = IO_DONE};
    if (writes)
        call.error = bound_file_write_sync(file, job->words, job->length,
                                           job->offset, &call.bytes);
    else
        call.error = bound_file_read_sync(file, job->words, job->length,
                                          job->offset, &call.bytes);
    if (job->slot >= FILES)
        atomic_flag_clear(&now->pipe_is_waited_for);
    return call;
}

static struct submission submit(struct job *job)
{
    bool writes = job->kind == WRITE || job->kind == WRITE_PIPE;
    if (job->kind == QUEUE) {
        DWORD error = pool_queue_request(&now->pool, job->request);
        return (struct submission){
            .outcome = error == ERROR_SUCCESS ? IO_QUEUED : IO_FAILED,
            .error = error};
    }
    if (job->waits)
        return call_and_wait(job, writes);
    return (writes ? bound_file_write : bound_file_read)(&job->opening->file,
                                                         job->request);
}

static bool is_refused(struct job *job, DWORD error)
{
    enum total refusal = error == ERROR_INVALID_HANDLE         ? CLOSED
                         : error == ERROR_SHUTDOWN_IN_PROGRESS ? STOPPED
                         : error == ERROR_INVALID_PARAMETER    ? INVALID
                                                               : TOTALS;
    if (refusal == TOTALS)
        return false;
    require(refusal != INVALID || error == job->right_error,
            "refused without a reason", error);
    require(atomic_exchange(&job->awaits, false), "refused, but also completed",
            error);
    count(refusal, 1);
    return true;
}

bool start(struct job *job, bool on_worker)
{
    prepare(job, on_worker);
    bool waits = job->waits, by_hand = job->kind == QUEUE;
    struct submission started = submit(job);
    bool queued = started.outcome == IO_QUEUED;
    if (!queued) {
        job->error = started.error;
        if (is_refused(job, started.error))
            return true;
        check_result(job, started.error, started.bytes);
    }
    count(waits ? SYNCHRONOUS : IMMEDIATE, !queued);
    count(BY_HAND, by_hand);
    count(ISSUED, 1);
    return !queued;
}

/* Frees the request or keeps it, and starts the job again or not. Does not
 * restart a cancelled job: its thread may be waiting for it. */
static void on_packet(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct job *job = request->context;
    struct thread *thread = job->thread;
    struct opening *opening = job->opening;
    bool ours = true;
    require(job->request == request, "the packet of another job", job->number);
    job->error = error;
    check_result(job, error, bytes);
    if (below(&job->generator, 4) == 0) {
        job->request = NULL;
        check_error(overlapped_free(request), "free", L"request");
        count(FREED, 1);
    }
    while (ours && overlapped_status(job->error) != IO_STATUS_CANCELLED &&
           below(&job->generator, 4) == 0) {
        ours = start(job, true);
        count(RESTARTED, 1);
    }
    if (ours)
        job->busy = false;
    require(!now->stopped && (opening == NULL || !opening->closed),
            "a callback after its file was closed or its pool stopped", error);
    thread->ends++;
    WakeByAddressSingle((void *)&thread->ends);
}

/* The I/O may complete, and the job may start another, before this cancels. The
 * ticket is then not found, and the new I/O goes on. */
void cancel_one(struct job *job)
{
    struct opening *opening = job->opening;
    uint64_t ticket = job->ticket;
    if (opening == NULL || now->closing > 0)
        return;
    job->asked = ticket;
    DWORD error = bound_file_cancel(&opening->file, ticket);
    require(error == ERROR_SUCCESS || error == ERROR_NOT_FOUND,
            "bound_file_cancel failed", error);
}
