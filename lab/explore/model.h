/* The functions that answer the program's calls: model_ReadFile answers
 * ReadFile. They promise what the system's functions promise. */
#ifndef MODEL_H
#define MODEL_H

#include <assert.h>
#include <process.h>
#include <stdlib.h>
#include <windows.h>
#include <winternl.h>

/* Not in the headers. */
NTSTATUS NTAPI NtSetIoCompletion(HANDLE port, ULONG_PTR key,
                                 ULONG_PTR overlapped, NTSTATUS status,
                                 ULONG_PTR bytes);
LONG NTAPI NtQueryIoCompletion(HANDLE port, int class, void *information,
                               ULONG length, ULONG *returned);

/* The linker's name of model_ReadFile is explore.ReadFile. */
#define MODELLED(name)                                                         \
    extern __typeof__(name) model_##name __asm__("explore." #name);
#include "calls.h"

#endif
