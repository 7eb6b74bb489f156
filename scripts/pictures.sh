#!/usr/bin/env bash
# Plays the mystery and makes the README's animation of it: docs/pictures/tavern-mystery.webp. Needs ImageMagick (Debian,
# Ubuntu: apt-get install imagemagick).
#   scripts/pictures.sh [OPTIONS of samples/Tavern]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
command -v convert >/dev/null || { echo "pictures: ImageMagick is missing (Debian, Ubuntu: apt-get install imagemagick)." >&2; exit 1; }
"$root/scripts/setup.sh" game >&2
dotnet build "$root/samples/Tavern" -c Release -v quiet --nologo >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shot=100
film() { # PICTURES: so many, five a second
    for ((i = 0; i < $1; i++)); do printf 'picture f%s\nwait 0.2\n' $((shot++)); done
}
{
    printf 'world 600\ngossip off\nmystery Garlin\nworld 600\n'
    printf 'goto {gossip}\nface {gossip}\nsay What have you heard about {thief}?\n'; film 18
    printf 'reply\ngoto {finder}\nface {finder}\nsay What do you see?\n'; film 22
    printf 'reply\nface the long table\n'; film 5
    printf 'face {finder}\nsay I accuse {thief}!\n'; film 15
    printf 'reply\nface {thief}\n'; film 28
} >"$work/play.txt"
dotnet "$root/samples/Tavern/bin/Release/net10.0/Tavern.dll" --headless --script "$work/play.txt" \
    --story "$root/samples/Tavern/data/horse.json" --world "$root/samples/Tavern/data/tavern.json" \
    --size 640x360 --fps 10 --budget 100 --saves "$work/saves" --record "$work/out" "$@"
convert -delay 20 -loop 0 "$work"/out/f*.png -define webp:lossless=false -quality 70 "$root/docs/pictures/tavern-mystery.webp"
ls -l "$root/docs/pictures/tavern-mystery.webp"
