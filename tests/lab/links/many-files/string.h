#error "<string.h> is the system's header, not this one"
