#include "names.h"
#include "parts.hpp"

extern "C" int size_of_all()
{
    return Part<char>::size + Part<long long>::size + other_size() + last_size();
}
