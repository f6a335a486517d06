#!/bin/sh
# Writes the sample: 1,000,000 bytes in 64-byte lines, each saying its own
# offset, so that a read from the wrong place can be seen.
awk 'BEGIN {
    for (offset = 0; offset < 1000000; offset += 64)
        printf "offset %08d: this line of the sample tells where it begins.\n",
            offset
}'
