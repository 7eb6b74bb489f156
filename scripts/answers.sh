#!/usr/bin/env bash
# How long the player waits for an answer in the window: seconds from Enter to the first word and to the end, of the forty
# questions of samples/Tavern/data/answers.txt. Where there is no display it starts one in memory (Xvfb).
#   scripts/answers.sh [--size 640x360] [--budget MS] [--model FILE.gguf] [--out DIR]
# Without --budget the minds' part follows the frames; --budget 4 is what every frame had before that.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
size=1280x720 budget= model=$root/samples/Tavern/models/mind.gguf out=$root/artifacts/answers
while [ $# -gt 0 ]; do
    case $1 in
        --size | --budget | --model | --out)
            [ $# -ge 2 ] || { echo "answers: $1 wants a value." >&2; exit 1; }
            declare "${1#--}=$2"; shift ;;
        *) echo "answers: '$1' is unknown." >&2; sed -n 2,5p "${BASH_SOURCE[0]}" >&2; exit 1 ;;
    esac
    shift
done
[ -f "$model" ] || { echo "answers: there is no model '$model'. Name one with --model." >&2; exit 1; }
"$root/scripts/setup.sh" test >&2
[ -n "${NPCMIND_BUILT:-}" ] || dotnet build "$root/samples/Tavern" -c Release -v quiet --nologo >&2
if [ -z "${DISPLAY:-}" ]; then
    exec {number}< <(exec Xvfb -displayfd 1 -screen 0 1920x1200x24 2>/dev/null)
    screen=$!
    trap 'kill "$screen" 2>/dev/null' EXIT
    read -r -u "$number" display || { echo "answers: Xvfb does not start." >&2; exit 1; }
    export DISPLAY=:$display
fi
mkdir -p "$out"
dotnet "$root/samples/Tavern/bin/Release/net10.0/Tavern.dll" --size "$size" ${budget:+--budget "$budget"} --model "$model" \
    --script "$root/samples/Tavern/data/answers.txt" --record "$out" --saves "$out/saves" >&2
"$root/scripts/figures.cs" answers "$out/answers.csv" "$size, budget ${budget:-following the frames}"
