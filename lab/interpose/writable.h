/*
 * The import address table holds the pointers __imp_NAME, through which a
 * program calls the functions of DLLs. The loader fills it in. A program that
 * stores another address in such a pointer replaces the function for the whole
 * program.
 *
 * binutils 2.40 leaves the table writable. binutils 2.44 and lld put it into
 * read-only memory, where a store crashes.
 */
#ifndef WRITABLE_H
#define WRITABLE_H

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

/*
 * Makes the table of this program writable; it stays writable. Any thread may
 * call this function, any number of times, before it stores to an import
 * pointer.
 *
 * If Windows reports an error, the function prints one line on stderr and exits
 * with status 1.
 */
static inline void make_imports_writable(void)
{
    char *image = (char *)GetModuleHandleW(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)image;
    const IMAGE_NT_HEADERS *nt =
        (const IMAGE_NT_HEADERS *)(image + dos->e_lfanew);
    const IMAGE_DATA_DIRECTORY *imports =
        &nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IAT];
    DWORD before;
    if (VirtualProtect(image + imports->VirtualAddress, imports->Size,
                       PAGE_READWRITE, &before))
        return;
    fprintf(stderr,
            "interpose: cannot make the import table writable (error "
            "%lu)\n",
            GetLastError());
    exit(EXIT_FAILURE);
}

#endif
