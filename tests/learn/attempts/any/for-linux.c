/* Verdict: not yet: it did not build
 * Says: this belongs to Linux */
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>

int main(int argc, char **argv)
{
    int file = open(argv[argc - 1], O_RDONLY | O_NONBLOCK);
    return epoll_create1(file);
}
