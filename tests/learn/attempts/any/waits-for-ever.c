/* Verdict: not yet: it hung; 0 of
 * Says: it did not end within 6 s */
#include <windows.h>

int main(void)
{
    Sleep(INFINITE);
    return 0;
}
