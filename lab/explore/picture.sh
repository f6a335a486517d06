#!/bin/bash
# picture.sh DIRECTORY: explores the pitfall read-after-submit, and draws the order
# that goes wrong: DIRECTORY/read-after-submit.svg. RUN.json of this order is there,
# too. To be started at the top of the tree; make explore-picture builds the programs.
set -eu
name=read-after-submit
sample=build/explore/blocks.txt
mkdir -p "$1"
order=$(python3 -B lab/explore/explore.py "build/explore/$name.exe" \
    --log "$1/$name" --surprises "$sample" | sed -n 's/^again: .*REPLAY=//p')
python3 -B lab/explore/play.py "$order" "build/recorded/$name.exe" "$1/$name.json" \
    --plan "build/deep/pitfalls/$name/plan.json" --name "$name" \
    --command "make play NAME=$name REPLAY=$order" -- "$sample"
