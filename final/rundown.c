#include "rundown.h"

#include "error.h"

/* The word is the number of those inside, times ONE, and two flags. */
enum { WAITED = 1, CLOSED = 2, ONE = 4 };

bool rundown_enter(struct rundown *rundown, unsigned count)
{
    return atomic_fetch_add(&rundown->word, count * ONE) < ONE;
}

enum rundown_rest rundown_leave(struct rundown *rundown, unsigned count)
{
    unsigned inside = count * ONE;
    unsigned rest = atomic_fetch_sub(&rundown->word, inside) - inside;
    if (rest >= ONE)
        return RUNDOWN_SOME;
    if (rest & WAITED)
        WakeByAddressAll(&rundown->word); /* uses only the address */
    return rest & CLOSED ? RUNDOWN_END : RUNDOWN_NONE;
}

void rundown_close(struct rundown *rundown)
{
    rundown->word |= CLOSED;
}

DWORD rundown_wait(struct rundown *rundown, DWORD timeout)
{
    ULONGLONG start = GetTickCount64();
    for (;;) {
        unsigned word = atomic_fetch_or(&rundown->word, WAITED) | WAITED;
        ULONGLONG waited = GetTickCount64() - start;
        if (word < ONE)
            return ERROR_SUCCESS;
        if (timeout != INFINITE && waited >= timeout)
            return WAIT_TIMEOUT;
        DWORD rest = timeout == INFINITE ? INFINITE : timeout - (DWORD)waited;
        BOOL woken = WaitOnAddress(&rundown->word, &word, sizeof word, rest);
        fatal_check(woken || GetLastError() == ERROR_TIMEOUT, "wait for",
                    "end of calls");
    }
}
