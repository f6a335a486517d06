#include <iostream>

int main()
{
    std::cout << "main: done" << std::endl;
    throw 1;
}
