/* Events and waiting. */
#include "layer.h"

/* ---- Events ------------------------------------------------------------- */

static HANDLE end_event(struct record *record, HANDLE event)
{
    record->other = (uintptr_t)event;
    end_call(record, event != NULL);
    return event;
}

static HANDLE create_event_a(LPSECURITY_ATTRIBUTES security, BOOL manual,
                             BOOL set, const char *name)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateEventA});
    return end_event(record,
                     trace_next.CreateEventA(security, manual, set, name));
}

static HANDLE create_event_w(LPSECURITY_ATTRIBUTES security, BOOL manual,
                             BOOL set, const wchar_t *name)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateEventW});
    return end_event(record,
                     trace_next.CreateEventW(security, manual, set, name));
}

static BOOL set_event(HANDLE event)
{
    struct record *record = begin_call_on(KIND_SetEvent, event);
    BOOL ok = trace_next.SetEvent(event);
    end_call(record, ok);
    return ok;
}

static BOOL reset_event(HANDLE event)
{
    struct record *record = begin_call_on(KIND_ResetEvent, event);
    BOOL ok = trace_next.ResetEvent(event);
    end_call(record, ok);
    return ok;
}

/* ---- Waiting ------------------------------------------------------------ */

static struct record *begin_wait(enum kind kind, const void *handle,
                                 DWORD timeout)
{
    return begin_call((struct record){
        .kind = kind, .handle = (uintptr_t)handle, .length = timeout});
}

static DWORD end_wait(struct record *record, DWORD result)
{
    record->bytes = result;
    end_call(record, result != WAIT_FAILED);
    return result;
}

static DWORD wait_for_one(HANDLE handle, DWORD timeout)
{
    struct record *record =
        begin_wait(KIND_WaitForSingleObject, handle, timeout);
    return end_wait(record, trace_next.WaitForSingleObject(handle, timeout));
}

static DWORD wait_for_one_ex(HANDLE handle, DWORD timeout, BOOL alertable)
{
    struct record *record =
        begin_wait(KIND_WaitForSingleObjectEx, handle, timeout);
    return end_wait(
        record, trace_next.WaitForSingleObjectEx(handle, timeout, alertable));
}

static DWORD signal_and_wait(HANDLE signalled, HANDLE handle, DWORD timeout,
                             BOOL alertable)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_SignalObjectAndWait,
                                   .handle = (uintptr_t)handle,
                                   .other = (uintptr_t)signalled,
                                   .length = timeout});
    return end_wait(record, trace_next.SignalObjectAndWait(signalled, handle,
                                                           timeout, alertable));
}

static struct record *begin_long_wait(enum kind kind, DWORD count,
                                      const HANDLE *handles, BOOL all,
                                      DWORD timeout)
{
    struct record *record = begin_call(
        (struct record){.kind = kind, .offset = all != 0, .length = timeout});
    bool valid = handles != NULL && count <= MAXIMUM_WAIT_OBJECTS;
    for (DWORD i = 0; valid && i < count; i++)
        end_callback(begin_call_on(KIND_HANDLE, handles[i]));
    return record;
}

static DWORD wait_for_several(DWORD count, const HANDLE *handles, BOOL all,
                              DWORD timeout)
{
    struct record *record = begin_long_wait(KIND_WaitForMultipleObjects, count,
                                            handles, all, timeout);
    return end_wait(record, trace_next.WaitForMultipleObjects(count, handles,
                                                              all, timeout));
}

static DWORD wait_for_several_ex(DWORD count, const HANDLE *handles, BOOL all,
                                 DWORD timeout, BOOL alertable)
{
    struct record *record = begin_long_wait(KIND_WaitForMultipleObjectsEx,
                                            count, handles, all, timeout);
    return end_wait(record, trace_next.WaitForMultipleObjectsEx(
                                count, handles, all, timeout, alertable));
}

/* The result is 0, or WAIT_IO_COMPLETION. */
static DWORD sleep_ex(DWORD timeout, BOOL alertable)
{
    struct record *record = begin_wait(KIND_SleepEx, NULL, timeout);
    return end_wait(record, trace_next.SleepEx(timeout, alertable));
}

static BOOL wait_for_change(PCONDITION_VARIABLE condition, PSRWLOCK lock,
                            DWORD timeout, ULONG flags)
{
    struct record *record =
        begin_wait(KIND_SleepConditionVariableSRW, condition, timeout);
    BOOL ok =
        trace_next.SleepConditionVariableSRW(condition, lock, timeout, flags);
    end_call(record, ok);
    return ok;
}

static BOOL wait_for_change_cs(PCONDITION_VARIABLE condition,
                               PCRITICAL_SECTION section, DWORD timeout)
{
    struct record *record =
        begin_wait(KIND_SleepConditionVariableCS, condition, timeout);
    BOOL ok = trace_next.SleepConditionVariableCS(condition, section, timeout);
    end_call(record, ok);
    return ok;
}

void install_waits(void)
{
    __imp_CreateEventA = create_event_a;
    __imp_CreateEventW = create_event_w;
    __imp_ResetEvent = reset_event;
    __imp_SetEvent = set_event;
    __imp_SignalObjectAndWait = signal_and_wait;
    __imp_SleepConditionVariableCS = wait_for_change_cs;
    __imp_SleepConditionVariableSRW = wait_for_change;
    __imp_SleepEx = sleep_ex;
    __imp_WaitForMultipleObjects = wait_for_several;
    __imp_WaitForMultipleObjectsEx = wait_for_several_ex;
    __imp_WaitForSingleObject = wait_for_one;
    __imp_WaitForSingleObjectEx = wait_for_one_ex;
}
