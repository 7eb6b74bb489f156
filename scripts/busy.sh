#!/usr/bin/env bash
# What minds cost a game: frames of 640x360 in which all five characters talk and see all the time
# (samples/Tavern/data/busy.txt). Minds think for twenty frames and wait for twenty, by turns in the same play, a thousand
# frames of each: a machine that becomes slower or faster meanwhile favours neither, and there is as much to draw.
#   scripts/busy.sh [--model FILE.gguf] [--budget MS] [--rounds N] [--out DIR]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
model=$root/samples/Tavern/models/mind.gguf budget=4 rounds=1 out=$root/artifacts/busy
while [ $# -gt 0 ]; do
    case $1 in
        --model | --budget | --rounds | --out)
            [ $# -ge 2 ] || { echo "busy: $1 wants a value." >&2; exit 1; }
            declare "${1#--}=$2"; shift ;;
        *) echo "busy: '$1' is unknown." >&2; sed -n 2,5p "${BASH_SOURCE[0]}" >&2; exit 1 ;;
    esac
    shift
done
[[ $budget =~ ^[0-9]+(\.[0-9]+)?$ && $budget =~ [1-9] ]] ||
    { echo "busy: --budget wants milliseconds, more than 0, not '$budget'." >&2; exit 1; }
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "busy: --rounds wants a whole number, at least 1, not '$rounds'." >&2; exit 1; }
[ -f "$model" ] || { echo "busy: there is no model '$model'. Name one with --model." >&2; exit 1; }
DISPLAY= "$root/scripts/setup.sh" game >&2 # it opens no window
dotnet build "$root/samples/Tavern" -c Release -v quiet --nologo >&2
mkdir -p "$out"
sed "s/^budget 4$/budget $budget/" "$root/samples/Tavern/data/busy.txt" >"$out/busy.txt"
# What the host of a virtual machine took of its processors for others, and that with all that they did, so far.
used() { awk '/^cpu / { print $9, $2 + $3 + $4 + $7 + $8 + $9; exit }' /proc/stat; }
files=()
for ((i = 1; i <= rounds; i++)); do
    before=$(used)
    dotnet "$root/samples/Tavern/bin/Release/net10.0/Tavern.dll" --headless --size 640x360 --model "$model" \
        --script "$out/busy.txt" --record "$out/$i" >&2
    stolen=$(echo "$before $(used)" | awk '{ print sprintf("%.1f", ($4 > $2 ? 100 * ($3 - $1) / ($4 - $2) : 0)) }')
    echo "round $i: milliseconds of frames of 640x360, a budget of $budget ms;" \
        "the host of this machine took $stolen % of its processors' time"
    files+=("$out/$i/frames.csv")
    "$root/scripts/figures.cs" frames "$budget" "${files[-1]}"
done
[ "$rounds" = 1 ] || { echo "all rounds together"; "$root/scripts/figures.cs" frames "$budget" "${files[@]}"; }
