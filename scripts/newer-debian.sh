#!/usr/bin/env bash
# Unpacks packages of a newer Debian, with what they need, into artifacts/SUITE/root, once: for checks that want a newer Mesa or shader
# compiler than the system has. Nothing is installed. Prints what it fetches; artifacts/SUITE/glslc runs that suite's shader compiler.
#   newer-debian.sh trixie|forky     trixie: Mesa with AMD's compiler for a card that is not there, and glslc (60 MB)
#                                    forky: Mesa whose software driver has cooperative matrices, validation layer, glslc (80 MB)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite=${1:-}
case $suite in
    trixie | forky) ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "scripts/newer-debian.sh" >&2; exit 1 ;;
esac
packages=(mesa-vulkan-drivers libvulkan1 libstdc++6 zlib1g glslc)
[ "$suite" != forky ] || packages+=(vulkan-validationlayers)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keyring" ] || { echo "newer-debian: install Debian's keys (apt-get install debian-archive-keyring)." >&2; exit 1; }
to=$PWD/artifacts/$suite
[ "$(cat "$to/complete" 2>/dev/null || true)" != "${packages[*]}" ] || exit 0
echo "newer-debian: fetching ${packages[*]} of Debian $suite into artifacts/$suite" >&2
rm -rf "$to"
mkdir -p "$to"/apt/{lists,archives}/partial "$to/root"
: >"$to/apt/status"
echo "deb [signed-by=$keyring] http://deb.debian.org/debian $suite main" >"$to/apt/sources.list"
apt=(apt-get -q -y -o "Dir::State=$to/apt" -o "Dir::State::status=$to/apt/status" -o "Dir::Cache=$to/apt"
    -o "Dir::Etc::SourceList=$to/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Parts=/dev/null
    -o APT::Sandbox::User= -o Debug::NoLocking=true)
"${apt[@]}" update >"$to/apt/log" 2>&1 || { echo "newer-debian: cannot read the list of packages: $to/apt/log" >&2; exit 1; }
"${apt[@]}" install --download-only --no-install-recommends "${packages[@]}" >>"$to/apt/log" 2>&1 \
    || { echo "newer-debian: cannot fetch the packages: $to/apt/log" >&2; exit 1; }
for package in "$to"/apt/archives/*.deb; do dpkg-deb -x "$package" "$to/root"; done
rm -r "$to/apt/archives"
# Programs of a suite are started by its loader: its C library is newer than the system's.
printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$to/root/usr/lib64/ld-linux-x86-64.so.2" \
    "$to/root/usr/lib/x86_64-linux-gnu" "$to/root/usr/bin/glslc" >"$to/glslc"
chmod +x "$to/glslc"
echo "${packages[*]}" >"$to/complete"
