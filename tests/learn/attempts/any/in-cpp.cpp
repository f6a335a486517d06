#include <cstdio>

int main()
{
    std::puts("main: done");
    throw 1;
}
