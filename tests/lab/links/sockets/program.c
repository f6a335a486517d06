/* This program is right. It needs a library, which it names for another compiler. */
#include <stdio.h>
#include <winsock2.h>

#pragma comment(lib, "Ws2_32.lib")

int main(void)
{
    WSADATA data;
    int error = WSAStartup(MAKEWORD(2, 2), &data);
    printf("WSAStartup: %d\n", error);
    return WSACleanup();
}
