#include "parts.hpp"

int last_size()
{
    return Part<int>::size;
}
