#!/usr/bin/env bash
# Plays the ten free plays of samples/Tavern/data/plays, each in a new game with its mystery, and writes what was said to docs/plays.md:
# all of it, good or bad.
#   scripts/plays.sh [--model FILE.gguf] [--out FILE.md]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
model=$root/samples/Tavern/models/mind.gguf out=$root/docs/plays.md
while [ $# -gt 0 ]; do
    case $1 in
        --model | --out)
            [ $# -ge 2 ] || { echo "plays: $1 wants a value." >&2; exit 1; }
            declare "${1#--}=$2"; shift ;;
        *) echo "plays: '$1' is unknown." >&2; sed -n 2,4p "${BASH_SOURCE[0]}" >&2; exit 1 ;;
    esac
    shift
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    echo "# Ten free plays"
    echo
    echo "What the shipped model answers to people who type whatever they like: ten scripts (samples/Tavern/data/plays), each played"
    echo "once in a new game by \`scripts/plays.sh\`. Nothing was selected or edited."
} >"$work/plays.md"
for script in "$root"/samples/Tavern/data/plays/*.txt; do
    name=$(basename "$script" .txt)
    "$root/scripts/play.sh" --headless --script "$script" --model "$model" --budget 30 --size 160x90 --saves "$work/$name-saves" \
        --record "$work/$name" >"$work/$name.log" 2>&1 || { echo "plays: $name failed:" >&2; tail -5 "$work/$name.log" >&2; exit 1; }
    {
        echo
        sed -n '1s/^# \([^.]*\)\..*/## \1/p' "$script"
        echo '```'
        cat "$work/$name/transcript.txt"
        echo '```'
    } >>"$work/plays.md"
    echo "plays: $name" >&2
done
cp "$work/plays.md" "$out"
echo "plays: $out"
