#include "rundown.h"

#include "error.h"

/* The word is the number of those inside, times ONE, and two flags. */
enum { WAITED = 1, CLOSED = 2, ONE = 4 };

void rundown_enter(struct rundown *rundown, unsigned count)
{
    rundown->word += count * ONE;
}

bool rundown_leave(struct rundown *rundown, unsigned count)
{
    unsigned left = (rundown->word -= count * ONE);
    if (left < ONE && (left & WAITED))
        WakeByAddressAll(&rundown->word); /* uses only the address */
    return left < ONE && (left & CLOSED);
}

void rundown_close(struct rundown *rundown)
{
    rundown->word |= CLOSED;
}

DWORD rundown_wait(struct rundown *rundown, DWORD timeout)
{
    ULONGLONG start = GetTickCount64();
    for (;;) {
        unsigned word = (rundown->word |= WAITED);
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
