/* Events, and waiting for objects. */
#include "files.h"
#include "model.h"
#include "timeline.h"
#include "verdict.h"

/* ---- Events ------------------------------------------------------------- */

HANDLE WINAPI model_CreateEventW(LPSECURITY_ATTRIBUTES security, BOOL is_manual,
                                 BOOL is_set, const wchar_t *name)
{
    HANDLE handle;
    (void)security;
    enter("CreateEventW");
    if (name != NULL)
        refuse("CreateEventW with a name");
    struct object *event = new_object(EVENT, &handle);
    event->is_manual = is_manual;
    event->is_set = is_set;
    return handle;
}

static bool change_event(HANDLE handle, bool is_set)
{
    switch_point();
    struct object *event = find_object(handle, EVENT);
    if (event == NULL)
        return false;
    event->is_set = is_set;
    tell("%s %s", is_set ? "sets" : "resets", name_of_object(event));
    return true;
}

BOOL WINAPI model_SetEvent(HANDLE handle)
{
    enter("SetEvent");
    if (!change_event(handle, true))
        return FALSE;
    switch_point();
    return TRUE;
}

BOOL WINAPI model_ResetEvent(HANDLE handle)
{
    enter("ResetEvent");
    return change_event(handle, false);
}

/* ---- Waits -------------------------------------------------------------- */

/* What a thread waits for. */
struct wait {
    DWORD count;
    bool all;
    struct object *objects[MAXIMUM_WAIT_OBJECTS];
};

static bool is_signalled(const struct object *object)
{
    return object->kind == THREAD_OBJECT ? object->thread->has_ended
                                         : object->is_set;
}

static bool can_end(const struct thread *thread)
{
    const struct wait *wait = thread->awaited;
    DWORD signalled = 0;
    for (DWORD i = 0; i < wait->count; i++)
        signalled += is_signalled(wait->objects[i]);
    return wait->all ? signalled == wait->count : signalled > 0;
}

/* An event that resets itself lets one wait end. */
static void consume(struct object *object)
{
    if (object->kind == EVENT && !object->is_manual)
        object->is_set = false;
}

/* Returns which object has ended the wait. */
static DWORD end_wait(const struct wait *wait)
{
    DWORD first = 0;
    while (!is_signalled(wait->objects[first]))
        first++;
    for (DWORD i = first; i <= (wait->all ? wait->count - 1 : first); i++)
        consume(wait->objects[i]);
    return first;
}

static DWORD wait_for(struct wait *wait, DWORD timeout)
{
    const char *first = name_of_object(wait->objects[0]);
    if (!wait_until(can_end, wait, timeout)) {
        tell("has waited too long for %s", first);
        return WAIT_TIMEOUT;
    }
    tell("has waited for %s", first);
    return WAIT_OBJECT_0 + end_wait(wait);
}

/* Such objects can be waited for. */
static struct object *find_awaited(HANDLE handle)
{
    struct object *object = find_any_object(handle);
    if (object != NULL && object->kind != EVENT &&
        object->kind != THREAD_OBJECT)
        refuse("a wait for a %s", name_of_object(object));
    return object;
}

DWORD WINAPI model_WaitForSingleObject(HANDLE handle, DWORD timeout)
{
    enter("WaitForSingleObject");
    struct wait wait = {.count = 1, .objects = {find_awaited(handle)}};
    return wait.objects[0] != NULL ? wait_for(&wait, timeout) : WAIT_FAILED;
}

DWORD WINAPI model_WaitForMultipleObjects(DWORD count, const HANDLE *handles,
                                          BOOL all, DWORD timeout)
{
    struct wait wait = {.count = count, .all = all};
    enter("WaitForMultipleObjects");
    if (count == 0 || count > MAXIMUM_WAIT_OBJECTS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    for (DWORD i = 0; i < count; i++)
        if ((wait.objects[i] = find_awaited(handles[i])) == NULL)
            return WAIT_FAILED;
    return wait_for(&wait, timeout);
}

/* ---- Close -------------------------------------------------------------- */

static void check_close(const struct object *file)
{
    const struct request *request = find_active(file);
    if (request == NULL || shared->settings.row)
        return;
    explain("request %u was started at %s", request->number,
            place_text(request->place));
    explain("%s is closed at %s (%s)", name_of_object(file),
            place_text(current->place), name_of(current));
    mistake("a handle is closed with I/O in flight");
}

BOOL WINAPI model_CloseHandle(HANDLE handle)
{
    enter("CloseHandle");
    switch_point();
    struct object *object = find_any_object(handle);
    if (object == NULL)
        return FALSE;
    bool is_file = object->kind == FILE_OBJECT || object->kind == PIPE_OBJECT;
    if (is_file)
        check_close(object);
    object->is_open = false;
    tell("closes %s", name_of_object(object));
    if (is_file)
        close_file(object);
    switch_point();
    return TRUE;
}
