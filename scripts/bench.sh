#!/usr/bin/env bash
# Measures NpcMind beside llama.cpp's Vulkan backend on the same device and model: scripts/bench.sh [MODEL]. Runs alternate, so that a busy machine hits
# both. The peer comes as npm packages (tests/NpcMind.Benchmarks/peer, installed into artifacts/peer); without node or network it is left out, and
# that is said. With ../shared also a dense model against the same model as a mixture of experts. PAIRS (3), PROMPT (128), GENERATE (32) are settings.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shared="$root/../shared"
model=${1:-$shared/models/SmolLM2-135M-Instruct.Q4_1.gguf}
pairs=${PAIRS:-3} prompt=${PROMPT:-128} generate=${GENERATE:-32}
[ -f "$model" ] || { echo "bench: there is no model '$model'" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${PEER_PID:-}" ] || kill "$PEER_PID" 2>/dev/null || true' EXIT
short() { awk -v v="$1" 'BEGIN { if (v ~ /^[0-9]/) printf "%.4g", v; else print "-" }'; }
field() { grep -oE "\"$1\": ?(\"[^\"]*\"|[^,}]*)" <<<"$2" | head -1 | cut -d: -f2- | sed -E 's/^ ?"?//; s/"$//'; }
ours() { "$root/scripts/npcmind" bench "$1" --prompt-tokens "$prompt" --generate-tokens "$generate" --json; }
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

first=$(ours "$model") # builds if needed, fills the pipeline cache; not counted
echo "model  $(basename "$model"), $prompt prompt tokens, $generate generated, $pairs pairs"
echo "device $(field device "$first"), $(field driver "$first")"

# The peer, if it can be had.
peer="$root/artifacts/peer" absent=""
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    absent="node and npm are not installed"
else
    mkdir -p "$peer"
    cp "$root"/tests/NpcMind.Benchmarks/peer/{package.json,peer.mjs} "$peer/"
    if [ ! -d "$peer/node_modules/@node-llama-cpp/linux-x64-vulkan" ]; then
        # Without scripts: the packages hold the binaries; what their scripts would download is not needed.
        (cd "$peer" && timeout 600 npm install --ignore-scripts --no-audit --no-fund --omit=optional) >"$work/npm.log" 2>&1 || absent="npm could not install its packages: $(tail -1 "$work/npm.log")"
    fi
fi
if [ -z "$absent" ]; then
    export GGML_VK_VISIBLE_DEVICES=${GGML_VK_VISIBLE_DEVICES:-0} # else llama.cpp passes over software devices
    coproc PEER { cd "$peer" && exec node peer.mjs "$(realpath "$model")" "$prompt" "$generate" 2>"$work/peer.log"; }
    exec 8<&"${PEER[0]}" 9>&"${PEER[1]}"
    if ! read -r -t 600 line <&8 || [ "$line" != ready ]; then absent="it did not start: $(tail -1 "$work/peer.log")"; fi
fi

if [ -n "$absent" ]; then
    echo "PEER ABSENT: llama.cpp was not measured, because $absent."
else
    echo "peer   llama.cpp (node-llama-cpp $(field version "$(cat "$peer/node_modules/node-llama-cpp/package.json")")), Vulkan backend"
fi
printf '\n%-6s %12s %12s %7s   %12s %12s %7s\n' pair "prefill ours" "llama.cpp" ratio "decode ours" "llama.cpp" ratio
for ((i = 1; i <= pairs; i++)); do
    a=$(ours "$model")
    ap=$(field prefill_tokens_per_s "$a") ad=$(field decode_tokens_per_s "$a") bp=- bd=- rp=- rd=-
    if [ -z "$absent" ]; then
        echo go >&9
        read -r -t 600 b <&8 || { echo "bench: the peer died: $(tail -1 "$work/peer.log")" >&2; exit 1; }
        bp=$(field prefill_tokens_per_s "$b") bd=$(field decode_tokens_per_s "$b")
        rp=$(ratio "$ap" "$bp") rd=$(ratio "$ad" "$bd")
        [ "$i" -gt 1 ] || peerline="peer ran $(field gpu_layers "$b") of $(field layers "$b") layers on the device"
    fi
    echo "$ap $bp $rp $ad $bd $rd" >>"$work/pairs"
    printf '%-6s %12s %12s %7s   %12s %12s %7s\n' "$i" "$(short "$ap")" "$(short "$bp")" "$rp" "$(short "$ad")" "$(short "$bd")" "$rd"
done
column_median() { awk -v c="$1" '$c != "-" { print $c }' "$work/pairs" | median; }
printf '%-6s' median
for c in 1 2 3 4 5 6; do
    v=$(short "$(column_median "$c")")
    case $c in 3 | 6) printf ' %7s' "${v:--}" ;; 4) printf '   %12s' "${v:--}" ;; *) printf ' %12s' "${v:--}" ;; esac
done
printf '\ntokens per second; ratio = ours / llama.cpp, pair by pair. %s\n' "${peerline:-}"
[ -n "$absent" ] || { exec 9>&-; kill "$PEER_PID" 2>/dev/null || true; }

# What dispatching over experts costs: the same weights and the same function, dense and as 4 experts of which all 4 are used.
if [ -f "$shared/models/make_moe.py" ] && python3 "$shared/models/make_moe.py" "$model" "$work/moe.gguf" 4 >"$work/moe.log" 2>&1; then
    ours "$work/moe.gguf" >/dev/null
    for ((i = 1; i <= pairs; i++)); do
        d=$(field decode_tokens_per_s "$(ours "$model")") m=$(field decode_tokens_per_s "$(ours "$work/moe.gguf")")
        echo "$d $m $(ratio "$d" "$m")" | tee -a "$work/moe" | awk -v i="$i" '{ printf "%sdense %.4g, mixture %.4g tokens/s decode, ratio %s\n", i == 1 ? "\n" : "", $1, $2, $3 }'
    done
    echo "median ratio dense / mixture of 4 experts, all used: $(awk '{ print $3 }' "$work/moe" | median)"
else
    echo "mixture form not measured: ../shared/models/make_moe.py is not there, or the model is of a kind it cannot cut$([ -f "$work/moe.log" ] && tail -1 "$work/moe.log" | sed 's/^/: /')"
fi
