#include "harmless.h"

#include <stddef.h>
#include <string.h>
#include <windows.h>

/* The C library and its kin: a thread that waits in one of their functions is
 * not in a call that the checker follows. */
static const char *const libraries[] = {"msvcrt.dll", "ucrtbase.dll",
                                        "api-ms-win-crt-", "bcrypt.dll"};

static const char *const followed[] = {
#define IMPORT(result, failure, name, parameters, arguments) #name,
#define IMPORT_VOID(name, parameters, arguments)             #name,
#include "../interpose/imports.h"
};

/* A star is any end of a name. */
static const char *const others[] = {
    "AcquireSRWLock*",
    "AddVectored*",
    "AreFileApisANSI",
    "CloseThreadpool*",
    "CommandLineToArgvW",
    "CompareFileTime",
    "CompareString*",
    "ConvertFiberToThread",
    "ConvertThreadToFiber*",
    "CopyFile*",
    "CreateDirectory*",
    "CreateFiber*",
    "CreateFile2",
    "CreateFileMapping*",
    "CreateHardLink*",
    "CreateMutex*",
    "CreatePipe",
    "CreateSemaphore*",
    "CreateSymbolicLink*",
    "CreateToolhelp32Snapshot",
    "DecodePointer",
    "DeleteCriticalSection",
    "DeleteFiber",
    "DeleteFile*",
    "DisconnectNamedPipe",
    "EncodePointer",
    "EnterCriticalSection",
    "ExitProcess",
    "ExitThread",
    "ExpandEnvironmentStrings*",
    "FileTimeToLocalFileTime",
    "FileTimeToSystemTime",
    "FindClose",
    "FindFirstFile*",
    "FindNextFile*",
    "FlushConsoleInputBuffer",
    "FlushViewOfFile",
    "Fls*",
    "FormatMessage*",
    "FreeConsole",
    "FreeEnvironmentStrings*",
    "FreeLibrary",
    "Get*",
    "Global*",
    "Heap*",
    "InitOnce*",
    "InitializeConditionVariable",
    "InitializeCriticalSection*",
    "InitializeSListHead",
    "InitializeSRWLock",
    "Interlocked*",
    "IsBad*",
    "IsDBCSLeadByte*",
    "IsDebuggerPresent",
    "IsProcessorFeaturePresent",
    "IsValid*",
    "IsWow64Process*",
    "LCMapString*",
    "LeaveCriticalSection",
    "Local*",
    "LockFile",
    "MapViewOfFile*",
    "MoveFile*",
    "MulDiv",
    "MultiByteToWideChar",
    "OpenFileMapping*",
    "OpenMutex*",
    "OpenSemaphore*",
    "OutputDebugString*",
    "PeekNamedPipe",
    "QueryPerformance*",
    "RaiseException",
    "ReleaseMutex",
    "ReleaseSRWLock*",
    "ReleaseSemaphore",
    "RemoveDirectory*",
    "RemoveVectored*",
    "ReplaceFile*",
    "Rtl*",
    "SearchPath*",
    "SetConsoleCP",
    "SetConsoleMode",
    "SetConsoleOutputCP",
    "SetConsoleTextAttribute",
    "SetConsoleTitle*",
    "SetCurrentDirectory*",
    "SetEndOfFile",
    "SetEnvironmentVariable*",
    "SetErrorMode",
    "SetFileAttributes*",
    "SetFilePointer",
    "SetFileTime",
    "SetFileValidData",
    "SetLastError",
    "SetNamedPipeHandleState",
    "SetPriorityClass",
    "SetProcessAffinityMask",
    "SetStdHandle",
    "SetThreadAffinityMask",
    "SetThreadDescription",
    "SetThreadPriority*",
    "SetUnhandledExceptionFilter",
    "Sleep",
    "SwitchToFiber",
    "SwitchToThread",
    "SystemTimeToFileTime",
    "Thread32*",
    "Tls*",
    "TryAcquireSRWLock*",
    "TryEnterCriticalSection",
    "UnhandledExceptionFilter",
    "UnlockFile*",
    "UnmapViewOfFile*",
    "VerSetConditionMask",
    "VerifyVersionInfo*",
    "Virtual*",
    "WaitNamedPipe*",
    "WaitOnAddress",
    "Wake*",
    "WideCharToMultiByte",
    "Write*", /* One call of each completes immediately what it names. */
    "NtQuery*",
    "NtSetIoCompletion",
    "NtClose",
    "NtDelayExecution"};

static bool fits(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    if (pattern[length - 1] == '*')
        return strncmp(pattern, name, length - 1) == 0;
    return strcmp(pattern, name) == 0;
}

bool is_harmless(const char *function)
{
    for (size_t i = 0; i < sizeof followed / sizeof *followed; i++)
        if (strcmp(followed[i], function) == 0)
            return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (fits(others[i], function))
            return true;
    return false;
}

static bool is_library(const char *dll)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (_strnicmp(libraries[i], dll, strlen(libraries[i])) == 0)
            return true;
    return false;
}

/* An import without a name, by its number, is unknown. */
static bool is_harmless_import(const char *image, ULONGLONG entry)
{
    if (IMAGE_SNAP_BY_ORDINAL64(entry))
        return false;
    const IMAGE_IMPORT_BY_NAME *import =
        (const IMAGE_IMPORT_BY_NAME *)(image + entry);
    return is_harmless(import->Name);
}

static bool has_harmless_names(const char *image,
                               const IMAGE_IMPORT_DESCRIPTOR *dll)
{
    if (is_library(image + dll->Name))
        return true;
    if (dll->OriginalFirstThunk == 0) /* the loader has overwritten them */
        return false;
    const ULONGLONG *name =
        (const ULONGLONG *)(image + dll->OriginalFirstThunk);
    for (; *name != 0; name++)
        if (!is_harmless_import(image, *name))
            return false;
    return true;
}

bool has_harmless_imports(void)
{
    const char *image = (const char *)GetModuleHandleW(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)image;
    const IMAGE_NT_HEADERS *nt =
        (const IMAGE_NT_HEADERS *)(image + dos->e_lfanew);
    const IMAGE_DATA_DIRECTORY *table =
        &nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    const IMAGE_IMPORT_DESCRIPTOR *dll =
        (const IMAGE_IMPORT_DESCRIPTOR *)(image + table->VirtualAddress);
    for (; dll->Name != 0; dll++)
        if (!has_harmless_names(image, dll))
            return false;
    return true;
}
