/*
 * Atomic fields in the headers of the library. C++ has no _Atomic: there the
 * field has the same size and place, but only the library may use it.
 */
#ifndef ATOMICS_H
#define ATOMICS_H

#ifdef __cplusplus
#define ATOMIC(type) type
#else
#include <stdatomic.h>
#define ATOMIC(type) _Atomic(type)
#endif

#endif
