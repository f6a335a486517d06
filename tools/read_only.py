#!/usr/bin/env python3
"""Copies a Windows program, and makes the copy's import table read-only.

    read_only.py PROGRAM COPY

The linkers of binutils 2.44 and LLVM (lld) make every import table read-only;
binutils 2.40 does not. For the section table, see Microsoft's "PE Format".
"""
import struct
import sys

WRITABLE = 0x80000000  # IMAGE_SCN_MEM_WRITE
SECTION_HEADER = 40  # bytes


def main():
    with open(sys.argv[1], "rb") as program:
        image = bytearray(program.read())
    (header,) = struct.unpack_from("<I", image, 0x3C)
    (count,) = struct.unpack_from("<H", image, header + 6)
    (optional,) = struct.unpack_from("<H", image, header + 20)
    first = header + 24 + optional
    for at in range(first, first + count * SECTION_HEADER, SECTION_HEADER):
        if image[at : at + 8].rstrip(b"\0") == b".idata":
            (flags,) = struct.unpack_from("<I", image, at + 36)
            struct.pack_into("<I", image, at + 36, flags & ~WRITABLE)
    with open(sys.argv[2], "wb") as copy:
        copy.write(image)


main()
