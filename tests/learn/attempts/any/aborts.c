/* Verdict: not yet: 0 of
 * Says: it ended with exit status 3 */
#include <stdlib.h>

int main(void)
{
    abort();
}
