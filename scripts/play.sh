#!/usr/bin/env bash
# Runs the sample game: in a window where there is a display, else headless, with a transcript and pictures. scripts/play.sh [OPTIONS of samples/Tavern, e.g. --model F.gguf]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh" game >&2
dotnet build "$root/samples/Tavern" -c Release -v quiet --nologo >&2
game=$root/samples/Tavern/bin/Release/net10.0/Tavern
# The world file in the checkout, so that an edit of it is seen at once; without this the game reads the copy beside its program.
case " $* " in *" --world"*) ;; *) set -- --world "$root/samples/Tavern/data/tavern.json" "$@" ;; esac
for argument in "$@"; do case $argument in --headless | --help | -h) exec "$game" "$@" ;; esac; done
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then exec "$game" "$@"; fi
out=$root/artifacts/play
rm -rf "$out"
echo "play: there is no display: playing samples/Tavern/data/tour.txt without a window" >&2
"$game" --headless --script "$root/samples/Tavern/data/tour.txt" --record "$out" --saves "$out/saves" --size 1280x720 "$@"
cat "$out/transcript.txt"
