/* Verdict: not yet: 0 of
 * Says: it ended with exit status 3 */
#include <cstdio>

int main()
{
    std::puts("main: done");
    throw 1;
}
