#include "import_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

struct import *imports;
unsigned import_count;

static char *image;

static void append(const char *name, void **slot)
{
    enum { STEP = 64 };
    if (import_count % STEP == 0) {
        void *more = realloc(imports, (import_count + STEP) * sizeof *imports);
        if (more == NULL) {
            fputs("interpose: no memory\n", stderr);
            exit(EXIT_FAILURE);
        }
        imports = more;
    }
    imports[import_count++] =
        (struct import){.name = name, .slot = slot, .system = *slot};
}

/* Both tables belong to one DLL, and are offsets in the image. */
static void append_all(DWORD names, DWORD slots)
{
    const ULONGLONG *name = (const ULONGLONG *)(image + names);
    void **slot = (void **)(image + slots);
    for (; *name != 0; name++, slot++)
        if (!IMAGE_SNAP_BY_ORDINAL64(*name))
            append(((const IMAGE_IMPORT_BY_NAME *)(image + *name))->Name, slot);
}

static DWORD table_at(unsigned directory)
{
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)image;
    const IMAGE_NT_HEADERS *nt =
        (const IMAGE_NT_HEADERS *)(image + dos->e_lfanew);
    return nt->OptionalHeader.DataDirectory[directory].VirtualAddress;
}

__attribute__((constructor(102))) static void begin(void)
{
    image = (char *)GetModuleHandleW(NULL);
    DWORD table = table_at(IMAGE_DIRECTORY_ENTRY_IMPORT);
    DWORD delayed = table_at(IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT);
    const IMAGE_IMPORT_DESCRIPTOR *dll =
        (const IMAGE_IMPORT_DESCRIPTOR *)(image + table);
    /* Without OriginalFirstThunk, the loader has overwritten the names. */
    for (; table != 0 && dll->Name != 0; dll++)
        if (dll->OriginalFirstThunk != 0)
            append_all(dll->OriginalFirstThunk, dll->FirstThunk);
    const IMAGE_DELAYLOAD_DESCRIPTOR *later =
        (const IMAGE_DELAYLOAD_DESCRIPTOR *)(image + delayed);
    for (; delayed != 0 && later->DllNameRVA != 0; later++)
        append_all(later->ImportNameTableRVA, later->ImportAddressTableRVA);
}
