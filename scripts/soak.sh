#!/usr/bin/env bash
# Plays ten minutes of game time (samples/Tavern/data/soak.txt) with the validation layer on, and shows that memory does not grow.
#   scripts/soak.sh --other FILE.gguf [--model FILE.gguf] [--out DIR] [OPTIONS of samples/Tavern]
#   --other: the model to swap to and back from      --out: a new or empty folder, or one that this script made: that is emptied first
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
model=$root/samples/Tavern/models/mind.gguf other= out=$root/artifacts/soak rest=()
while [ $# -gt 0 ]; do
    case $1 in
        --model | --other | --out)
            [ $# -ge 2 ] || { echo "soak: $1 wants a value." >&2; exit 1; }
            declare "${1#--}=$(realpath -m "$2")"; shift ;;
        # The game is played from another folder.
        --world | --mmproj | --script | --record | --saves | --shaders)
            [ $# -ge 2 ] || { echo "soak: $1 wants a value." >&2; exit 1; }
            rest+=("$1" "$(realpath -m "$2")")
            [ "$1" != --record ] || record=${rest[-1]}
            shift ;;
        --world[=:]* | --mmproj[=:]* | --script[=:]* | --record[=:]* | --saves[=:]* | --shaders[=:]*)
            name=${1%%[=:]*}
            rest+=("$name" "$(realpath -m "${1:${#name}+1}")")
            [ "$name" != --record ] || record=${rest[-1]} ;;
        *) rest+=("$1") ;;
    esac
    shift
done
: "${record:=$out}"
given() { [[ " ${rest[*]} " == *" $1"[\ =:]* ]]; }
default() { given "$1" || rest+=("$1" "${@:2}"); } # what is given counts
for file in "$model" "$other"; do
    [ -f "$file" ] ||
        { echo "soak: there is no model '$file'. Name the game's own with --model, and one to swap to with --other." >&2; exit 1; }
done
# Never a folder of somebody's: what was made here has a mark.
mark=.made-by-soak
if [ -e "$out" ] && [ -n "$(ls -A "$out")" ] && [ ! -e "$out/$mark" ] && [ "$out" != "$root/artifacts/soak" ]; then
    echo "soak: '$out' is not empty and was not made by this script. Name another folder, or empty it." >&2
    exit 1
fi
"$root/scripts/setup.sh" >&2
dotnet build "$root/samples/Tavern" -c Release -v quiet --nologo >&2
rm -rf "$out"
mkdir -p "$out"
touch "$out/$mark"
# The script names files; they are found in the folder that it is played from.
ln -s "$model" "$out/mind.gguf"
eyes=$(dirname "$model")/eyes.gguf
[ ! -f "$eyes" ] || ln -s "$eyes" "$out/eyes.gguf"
ln -s "$other" "$out/other.gguf"
head -c 100000 "$model" >"$out/corrupt.gguf"
cd "$out"
default --headless
default --validate
default --fps 10
default --size 320x180
default --script "$root/samples/Tavern/data/soak.txt"
default --record "$out"
default --saves "$out/saves"
dotnet "$root/samples/Tavern/bin/Release/net10.0/Tavern.dll" --model mind.gguf "${rest[@]}"
cd "$record"
cat frames.json
# Memory while a model thinks, by model: at its first rows, its last, and the most between.
"$root/scripts/figures.cs" memory memory.csv
