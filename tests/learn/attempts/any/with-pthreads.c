/* Verdict: not yet: it did not build
 * Says: Windows has other threads */
#include <pthread.h>

static void *work(void *nothing)
{
    return nothing;
}

int main(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, work, NULL);
}
