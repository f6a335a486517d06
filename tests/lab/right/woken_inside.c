/* The system wakes main by functions that the checker does not follow. */
#include "wakes.h"

static HANDLE event;

/* Waits until the event is set, and closes it. */
static DWORD wait_and_close(void)
{
    DWORD result = WaitForSingleObjectEx(event, INFINITE, TRUE);
    CloseHandle(event);
    return result;
}

static void CALLBACK on_timer(void *context, DWORD low, DWORD high)
{
    (void)low, (void)high;
    *(bool *)context = true;
}

/* A completion routine of a timer. */
static bool by_timer(void)
{
    bool woken = false;
    LARGE_INTEGER due = {.QuadPart = -10000LL * LATER};
    HANDLE timer = CreateWaitableTimerW(NULL, FALSE, NULL);
    SetWaitableTimer(timer, &due, 0, on_timer, &woken, FALSE);
    SleepEx(INFINITE, TRUE);
    CloseHandle(timer);
    return woken;
}

static void CALLBACK set_event(void *context, BOOLEAN timed_out)
{
    (void)context, (void)timed_out;
    SetEvent(event);
}

static bool by_registered_wait(void)
{
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE registered, never = CreateEventW(NULL, TRUE, FALSE, NULL);
    RegisterWaitForSingleObject(&registered, never, set_event, NULL, LATER,
                                WT_EXECUTEONLYONCE);
    wait_and_close();
    UnregisterWaitEx(registered, INVALID_HANDLE_VALUE);
    CloseHandle(never);
    return true;
}

static bool by_timer_queue(void)
{
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE timer;
    CreateTimerQueueTimer(&timer, NULL, set_event, NULL, LATER, 0,
                          WT_EXECUTEONLYONCE);
    wait_and_close();
    DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE);
    return true;
}

static void CALLBACK sleep_long(TP_CALLBACK_INSTANCE *instance, void *context)
{
    (void)instance, (void)context;
    Sleep(LATER);
    SetEvent(event);
}

static bool by_pool(void)
{
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    bool submitted = TrySubmitThreadpoolCallback(sleep_long, NULL, NULL);
    wait_and_close();
    return submitted;
}

static void CALLBACK on_call(ULONG_PTR unused)
{
    (void)unused;
}

static void queue_call(void *thread)
{
    Sleep(LATER);
    QueueUserAPC(on_call, thread, 0);
}

/* The thread is none that the checker has seen start. */
static bool by_queued_call(void)
{
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE self;
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(),
                    GetCurrentProcess(), &self, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    _beginthread(queue_call, 0, self);
    DWORD result = wait_and_close();
    CloseHandle(self);
    return result == WAIT_IO_COMPLETION;
}

const struct wake wakes[] = {
    {"timer", by_timer},
    {"registered", by_registered_wait},
    {"timer-queue", by_timer_queue},
    {"pool", by_pool},
    {"queued-call", by_queued_call},
    {NULL, NULL},
};
