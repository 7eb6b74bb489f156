#!/usr/bin/env bash
# What minds cost a game: 1,000 frames of 640x360 in which all five characters talk and see all the time (samples/Tavern/data/busy.txt), with minds and without, by turns. Without, the
# bubbles show words that nobody thought of: there is as much to draw.
#   scripts/busy.sh [--model FILE.gguf] [--budget MS] [--rounds N] [--out DIR]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
model=$root/samples/Tavern/models/mind.gguf budget=4 rounds=2 out=$root/artifacts/busy
while [ $# -gt 0 ]; do
    case $1 in
        --model | --budget | --rounds | --out)
            [ $# -ge 2 ] || { echo "busy: $1 wants a value." >&2; exit 1; }
            declare "${1#--}=$2"; shift ;;
        *) echo "busy: '$1' is unknown." >&2; sed -n 2,4p "${BASH_SOURCE[0]}" >&2; exit 1 ;;
    esac
    shift
done
[ -f "$model" ] || { echo "busy: there is no model '$model'. Name one with --model." >&2; exit 1; }
DISPLAY= "$root/scripts/setup.sh" game >&2 # it opens no window
dotnet build "$root/samples/Tavern" -c Release -v quiet --nologo >&2
play() { # FOLDER OPTIONS...
    dotnet "$root/samples/Tavern/bin/Release/net10.0/Tavern.dll" --headless --size 640x360 --budget "$budget" --script "$root/samples/Tavern/data/busy.txt" --record "$out/$1" "${@:2}" >&2
}
for ((i = 1; i <= rounds; i++)); do
    # Every second round the other way round: a machine that becomes slower or faster meanwhile favours neither.
    ((i % 2)) || play "with-$i" --model "$model"
    play "without-$i" --no-minds
    ((i % 2 == 0)) || play "with-$i" --model "$model"
done
figure() { sed -E "s/.*\"$2\":\{\"p50\":([0-9.]+),\"p95\":([0-9.]+),\"p99\":([0-9.]+).*/\1 \2 \3/" "$out/$1/frames.json"; }
frames=$(sed -E 's/.*"frames":([0-9]+).*/\1/' "$out/with-1/frames.json")
echo "busy: milliseconds of a whole frame, $frames frames a round, 640x360, a budget of $budget ms"
for ((i = 1; i <= rounds; i++)); do
    echo "$(figure "without-$i" frame_ms) $(figure "with-$i" frame_ms) $(figure "with-$i" minds_gpu_ms)"
done | awk -v budget="$budget" '{
    printf "round %d        %8s %8s %8s\n", NR, "p50", "p95", "p99"
    printf "  without      %8.2f %8.2f %8.2f\n  with         %8.2f %8.2f %8.2f\n  difference   %8.2f %8.2f %8.2f   (the budget and 10 %%: %.2f)\n  minds, GPU   %8.2f %8.2f %8.2f\n", $1, $2, $3, $4, $5, $6, $4 - $1, $5 - $2, $6 - $3, 1.1 * budget, $7, $8, $9
    with_p95[NR] = $5; without_p95[NR] = $2
}
function median(of, n,   i, j, t) {
    for (i = 2; i <= n; i++) for (j = i; j > 1 && of[j] < of[j - 1]; j--) { t = of[j]; of[j] = of[j - 1]; of[j - 1] = t }
    return (of[int((n + 1) / 2)] + of[int(n / 2) + 1]) / 2
}
END { w = median(with_p95, NR); wo = median(without_p95, NR); printf "p95, the median of the rounds: without %.2f, with %.2f, difference %.2f\n", wo, w, w - wo }'
