#!/usr/bin/env bash
# Runs the sample's main job. Until the game exists: a conversation in the terminal with the model given as argument.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
model=${1:-$root/../shared/models/SmolLM2-135M-Instruct.Q4_1.gguf}
if [ ! -f "$model" ]; then
    echo "play: no model at '$model'. Give a GGUF file of the llama family: scripts/play.sh MODEL.gguf [--system TEXT]" >&2
    exit 1
fi
[ $# -gt 0 ] && shift
"$root/scripts/setup.sh" >&2
exec "$root/scripts/npcmind" chat "$model" "$@"
