/* The promises of final/file_stream.h about calls in flight, turns, the end of
 * calls and their cost. The cases are in the probes, stream_*.c. */
#define SUITE stream
#include "../support/case.h"

TestSuite(stream, .init = enter_scratch, .fini = leave_scratch);

/* The kinds of stream that a case is run with. */
#define BOTH                                                                   \
    {                                                                          \
        "asynchronous", "synchronous"                                          \
    }
#define ASYNCHRONOUS                                                           \
    {                                                                          \
        "asynchronous"                                                         \
    }

#include "stream.cases"
