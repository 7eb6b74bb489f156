#!/usr/bin/env bash
# Runs the sample game: in a window where there is a display, else headless, with a transcript and pictures.
#   scripts/play.sh [OPTIONS of samples/Tavern, e.g. --model F.gguf]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh" game >&2
dotnet build "$root/samples/Tavern" -c Release -v quiet --nologo >&2
game=$root/samples/Tavern/bin/Release/net10.0/Tavern.dll
args=("$@")
value_of() { # OPTION: its value among the arguments; fails when it is not there
    local i
    for ((i = 0; i < ${#args[@]}; i++)); do
        case ${args[i]} in "$1") echo "${args[i + 1]-}"; return ;; "$1="* | "$1:"*) echo "${args[i]:${#1}+1}"; return ;; esac
    done
    return 1
}
default() { value_of "$1" >/dev/null || args+=("$1" "$2"); } # what the player gives counts
# The world file in the checkout, so that an edit of it is seen at once; without this the game reads the copy beside its program.
default --world "$root/samples/Tavern/data/tavern.json"
default --story "$root/samples/Tavern/data/horse.json"
# Run by dotnet: the program's own starter would not find a .NET that is only on the PATH.
for argument in "$@"; do
    case $argument in
        --help | -h | '-?' | --version) exec dotnet "$game" "$@" ;;
        --headless) exec dotnet "$game" "${args[@]}" ;;
    esac
done
# GLFW as Debian and Ubuntu build it wants an X display; Wayland alone is none.
if [ -n "${DISPLAY:-}" ]; then
    status=0
    dotnet "$game" "${args[@]}" || status=$?
    [ "$status" -eq 3 ] || exit "$status" # 3: the display does not answer
fi
if ! out=$(value_of --record); then
    out=$root/artifacts/play
    rm -rf "$out"
fi
default --script "$root/samples/Tavern/data/tour.txt"
default --record "$out"
default --saves "$out/saves"
default --size 1280x720
echo "play: there is no X display: playing $(value_of --script) without a window" >&2
status=0
dotnet "$game" --headless "${args[@]}" || status=$?
[ ! -f "$out/transcript.txt" ] || cat "$out/transcript.txt"
exit "$status"
