#include "read.h"

DWORD read_again(const wchar_t *path)
{
    return read_first(path) + read_first(path);
}
