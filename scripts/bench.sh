#!/usr/bin/env bash
# Measures NpcMind beside llama.cpp's Vulkan backend on the same device and model: scripts/bench.sh [MODEL]. Runs alternate,
# so that a busy machine hits both. The peer comes as npm packages (tests/NpcMind.Benchmarks/peer, installed into
# artifacts/peer); without node or network it is left out, and that is said. With ../shared also a dense model against the
# same model as a mixture of experts. PAIRS (3), PROMPT (128), GENERATE (32) are settings.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shared="$root/../shared"
model=${1:-$shared/models/SmolLM2-135M-Instruct.Q4_1.gguf}
pairs=${PAIRS:-3} prompt=${PROMPT:-128} generate=${GENERATE:-32}
[ -f "$model" ] || { echo "bench: there is no model '$model'" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "${PEER_PID:-}" ] || kill "$PEER_PID" 2>/dev/null || true' EXIT
ours() { "$root/scripts/npcmind" bench "$1" --prompt-tokens "$prompt" --generate-tokens "$generate" --json; }
figures() { "$root/scripts/figures.cs" "$@"; }

ours "$model" >"$work/first" # builds if needed, fills the pipeline cache; not counted
echo "model  $(basename "$model"), $prompt prompt tokens, $generate generated, $pairs pairs"
figures device "$work/first"

# The peer, if it can be had.
peer="$root/artifacts/peer" absent=""
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    absent="node and npm are not installed"
else
    mkdir -p "$peer"
    cp "$root"/tests/NpcMind.Benchmarks/peer/{package.json,peer.mjs} "$peer/"
    if [ ! -d "$peer/node_modules/@node-llama-cpp/linux-x64-vulkan" ]; then
        # Without scripts: the packages hold the binaries; what their scripts would download is not needed.
        (cd "$peer" && timeout 600 npm install --ignore-scripts --no-audit --no-fund --omit=optional) >"$work/npm.log" 2>&1 ||
            absent="npm could not install its packages: $(tail -1 "$work/npm.log")"
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
    version=$(cd "$peer" && node -p 'JSON.parse(fs.readFileSync("node_modules/node-llama-cpp/package.json")).version')
    echo "peer   llama.cpp (node-llama-cpp $version), Vulkan backend"
fi
for ((i = 1; i <= pairs; i++)); do
    echo "bench: pair $i of $pairs" >&2
    ours "$model" >>"$work/ours"
    [ -z "$absent" ] || continue
    echo go >&9
    read -r -t 600 line <&8 || { echo "bench: the peer died: $(tail -1 "$work/peer.log")" >&2; exit 1; }
    echo "$line" >>"$work/peer"
done
echo
if [ -n "$absent" ]; then figures pairs "$work/ours"; else figures pairs "$work/ours" "$work/peer"; fi
[ -n "$absent" ] || { exec 9>&-; kill "$PEER_PID" 2>/dev/null || true; }

# What dispatching over experts costs: the same weights and the same function, dense and as 4 experts of which all 4 are used.
make_moe=$shared/models/make_moe.py
if [ -f "$make_moe" ] && python3 "$make_moe" "$model" "$work/moe.gguf" 4 >"$work/moe.log" 2>&1; then
    ours "$work/moe.gguf" >/dev/null
    for ((i = 1; i <= pairs; i++)); do
        echo "bench: pair $i of $pairs, dense and mixture" >&2
        ours "$model" >>"$work/dense"
        ours "$work/moe.gguf" >>"$work/mixture"
    done
    echo
    figures mixture "$work/dense" "$work/mixture"
else
    reason=$(tail -n 1 "$work/moe.log" 2>/dev/null || true)
    echo "mixture form not measured: ../shared/models/make_moe.py is not there," \
        "or the model is of a kind it cannot cut${reason:+: $reason}"
fi
