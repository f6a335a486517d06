#include "parts.hpp"

int other_size()
{
    return Part<short>::size;
}
