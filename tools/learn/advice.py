"""What the compiler and the linker say, and what it means for a step."""

import os
import re

# What a message of the compiler or the linker means here.
ADVICE = [
    (r'pthread|threads\.h', 'Windows has other threads: _beginthreadex, in '
     '<process.h>, starts one'),
    (r'(unistd|sys/\w+|aio|fcntl|poll|dirent)\.h|epoll|io_uring',
     'this belongs to Linux; Windows has CreateFileW and ReadFile, in <windows.h>'),
    (r"argument of .?.?main", 'with wchar_t, the function is named wmain: int '
     'wmain(int argc, wchar_t **argv)'),
    (r'no source defines an entry point', 'write int wmain(int argc, wchar_t **argv)'),
    (r'entry point, but here are', 'a step is one program: keep one of them; another '
     'program needs a directory of its own'),
    (r'no C or C\+\+ sources', 'write a main.c there, or type make reset STEP={step}'),
    (r'(implicit declaration of function|undeclared).*NtSetIoCompletion|'
     r'NtSetIoCompletion.*undeclared', 'no header declares NtSetIoCompletion: copy its '
     'declaration from {stage}/README.md'),
    (r'NtSetIoCompletion', 'it takes the address as a number: (ULONG_PTR)&overlapped'),
    (r'report\.h: No such file', 'copy it: cp {stage}/report.h {directory}'),
    (r'\bTODO\b', 'include "todo.h", or write the function that has this TODO'),
    (r'todo\.h: No such file', 'when no TODO is left, remove the line with todo.h'),
    (r"undefined reference to .?program\b", 'report.h needs the name of the program: '
     'const wchar_t program[] = L"{stage}";'),
    (r"(implicit declaration of function|undeclared).*(say|report|check|actor)\b|"
     r"\b(say|report|check|actor)\b.*(undeclared|implicit)",
     'that is in report.h: #include "report.h"'),
    (r'passing argument 3 of .?_beginthreadex|_beginthreadex.*incompatible',
     'a thread begins in a function such as unsigned __stdcall worker(void *argument)'),
    (r'_beginthreadex', '_beginthreadex is in <process.h>'),
    (r'\b(u?int\d+_t|uintptr_t)\b', 'this type is in <stdint.h>'),
    (r'NTSTATUS|RtlNtStatusToDosError', 'this is in <winternl.h>'),
    (r"\bassert\b", 'assert is in <assert.h>'),
    (r'\bisprint\b', 'isprint is in <ctype.h>'),
]
PLACED = re.compile(r'^(.+?:\d+):(?:\d+:)? (?:fatal )?(error|warning): (.*)$', re.M)
UNDEFINED = re.compile(r'^(?:.*ld: )?(.*?)(?::\(\.\w[^)]*\))?: '
                       r'(undefined reference to .*)$', re.M)


def advice(message, **names):
    """A list with what this message means here, or an empty one."""
    text = next((text for pattern, text in ADVICE if re.search(pattern, message)), None)
    return [text.format(**names)] if text else []


def first_error(printed, **names):
    """The place, the message and the advice, as far as they are known."""
    placed = next((found.group(1, 3) for found in PLACED.finditer(printed)
                   if found[2] == 'error'), None)
    undefined = UNDEFINED.search(printed)
    if placed is None and undefined:
        placed = undefined.group(1, 2)
    where, message = placed or ('', printed.split('\n')[-1])
    where = os.path.relpath(where) if os.path.isabs(where) else where
    return [f'at {where}'] * bool(where) + [message] + advice(message, **names)


def first_warning(printed, **names):
    """The message, the place and the advice; empty if there is no warning."""
    for where, kind, message in PLACED.findall(printed):
        if kind == 'warning':
            return [message, f'at {os.path.relpath(where)}', *advice(message, **names)]
    return []
