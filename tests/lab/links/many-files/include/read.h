#define WIN32_LEAN_AND_MEAN
#include <windows.h>
DWORD read_first(const wchar_t *path);
DWORD read_again(const wchar_t *path);
