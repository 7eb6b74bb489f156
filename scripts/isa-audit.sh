#!/usr/bin/env bash
# What AMD's compiler makes of the kernels, without a card: registers, spills, waves, code, instructions of the innermost loop.
#
#   scripts/isa-audit.sh [--check] [FAMILY...]     NAVI21, NAVI31 and VANGOGH (the Steam Deck) unless named
#
# Fetches Debian trixie's Mesa and its libraries into artifacts/trixie (57 MB, 260 unpacked, once; the system's own Mesa of
# bookworm misjudges) and writes docs/measurements/isa/FAMILY.csv. With --check nothing is written: a kernel whose registers,
# spills, code or loop grew by over 5 % is an error, and so is one that the compiler does not survive. Assembly is left in
# artifacts/isa/FAMILY.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
check=""
[ "${1:-}" != --check ] || { check=1; shift; }
families=("$@")
[ $# -gt 0 ] || families=(NAVI21 NAVI31 VANGOGH)

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
command -v patchelf >/dev/null || { echo "isa-audit: install patchelf (apt-get install patchelf)." >&2; exit 1; }
[ -e "$keyring" ] || { echo "isa-audit: install Debian's keys (apt-get install debian-archive-keyring)." >&2; exit 1; }
trixie=$PWD/artifacts/trixie
if [ ! -e "$trixie/complete" ]; then
    echo "isa-audit: fetching Debian trixie's Mesa into artifacts/trixie" >&2
    rm -rf "$trixie"
    mkdir -p "$trixie"/apt/{lists,archives}/partial "$trixie/root"
    : >"$trixie/apt/status"
    echo "deb [signed-by=$keyring] http://deb.debian.org/debian trixie main" >"$trixie/apt/sources.list"
    apt=(apt-get -q -y -o "Dir::State=$trixie/apt" -o "Dir::State::status=$trixie/apt/status" -o "Dir::Cache=$trixie/apt"
        -o "Dir::Etc::SourceList=$trixie/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Parts=/dev/null
        -o APT::Sandbox::User= -o Debug::NoLocking=true)
    "${apt[@]}" update >"$trixie/apt/log" 2>&1 || { echo "isa-audit: cannot read the list of packages: $trixie/apt/log" >&2; exit 1; }
    "${apt[@]}" install --download-only --no-install-recommends mesa-vulkan-drivers libvulkan1 libstdc++6 zlib1g >>"$trixie/apt/log" 2>&1 \
        || { echo "isa-audit: cannot fetch the packages: $trixie/apt/log" >&2; exit 1; }
    for package in "$trixie"/apt/archives/*.deb; do dpkg-deb -x "$package" "$trixie/root"; done
    rm -r "$trixie/apt/archives"
    touch "$trixie/complete"
fi

# A program of its own folder, started by trixie's loader: its C library is newer than the system's.
out=$PWD/artifacts/isa
dotnet publish tests/NpcMind.Benchmarks -c Release -r linux-x64 --self-contained -p:InvariantGlobalization=true -v quiet --nologo \
    -o "$out/program" >&2
patchelf --set-interpreter "$trixie/root/usr/lib64/ld-linux-x86-64.so.2" "$out/program/NpcMind.Benchmarks"
benchmarks() {
    LD_LIBRARY_PATH="$trixie/root/usr/lib/x86_64-linux-gnu" VK_DRIVER_FILES="$trixie/root/usr/share/vulkan/icd.d/radeon_icd.json" \
        "$out/program/NpcMind.Benchmarks" "$@"
}
status=0
for family in "${families[@]}"; do
    mkdir -p docs/measurements/isa "$out/$family"
    RADV_FORCE_FAMILY=$family RADV_DEBUG=nocache benchmarks isa "$out/$family" >"$out/$family.csv" 2>"$out/$family.log" ||
        { cat "$out/$family.log" >&2; echo "isa-audit: the compiler for $family failed after $(tail -n 1 "$out/$family.csv")" >&2; exit 1; }
    if [ -z "$check" ]; then
        cp "$out/$family.csv" "docs/measurements/isa/$family.csv"
    else
        benchmarks isa-compare "docs/measurements/isa/$family.csv" "$out/$family.csv" || status=1
    fi
done
exit $status
