#!/bin/sh
# Writes the sample: 1,000,000 bytes in 64-byte lines. Each line contains its own
# offset, so that a read from the wrong place is easy to see.
awk 'BEGIN {
    for (offset = 0; offset < 1000000; offset += 64)
        printf "offset %08d: this line of the sample shows where it begins.\n",
            offset
}'
