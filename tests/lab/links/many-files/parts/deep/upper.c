#include "names.h"

#include <ctype.h>

int upper(int letter);

int upper(int letter)
{
    return toupper(letter);
}
