#include "below.h"

#include "../kernel.h"

LONG packets_in(HANDLE handle)
{
    const struct object *port = find_object(handle, PORT);
    return port != NULL ? (LONG)(port->last - port->first) : -1;
}

bool kernel_copies(void)
{
    return copying != NULL;
}
