#!/usr/bin/env bash
# Runs the sample: samples/HelloNpc, two characters in a frame loop, until the game exists. scripts/play.sh [MODEL]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
model=${1:-$root/../shared/models/SmolLM2-135M-Instruct.Q4_1.gguf}
if [ ! -f "$model" ]; then
    [ $# -gt 0 ] && echo "play: there is no model '$model'." >&2 || echo "play: which model? scripts/play.sh MODEL.gguf" >&2
    echo "play: any GGUF file of the llama family with a chat template will do; a small one is SmolLM2-135M-Instruct from https://huggingface.co (search for 'SmolLM2 135M Instruct GGUF')." >&2
    exit 1
fi
model=$(realpath "$model")
"$root/scripts/setup.sh" >&2
dotnet build "$root/samples/HelloNpc" -c Release -v quiet --nologo >&2
exec "$root/samples/HelloNpc/bin/Release/net10.0/HelloNpc" "$model"
