#!/usr/bin/env bash
# What AMD's compiler makes of the kernels, without a card: registers, spills, waves, code, instructions of the innermost loop.
#
#   scripts/isa-audit.sh [--check] [FAMILY...]     NAVI21, NAVI31 and VANGOGH (the Steam Deck) unless named
#
# Fetches Debian trixie's Mesa, shader compiler and their libraries into artifacts/trixie (60 MB, once; the system's own Mesa of bookworm
# misjudges) and writes docs/measurements/isa/FAMILY.csv. With --check nothing is written: a kernel whose registers,
# spills, code or loop grew by over 5 % is an error, and so is one that the compiler does not survive. Assembly is left in
# artifacts/isa/FAMILY.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
check=""
[ "${1:-}" != --check ] || { check=1; shift; }
families=("$@")
[ $# -gt 0 ] || families=(NAVI21 NAVI31 VANGOGH)

command -v patchelf >/dev/null || { echo "isa-audit: install patchelf (apt-get install patchelf)." >&2; exit 1; }
scripts/newer-debian.sh trixie
trixie=$PWD/artifacts/trixie

# A program of its own folder, started by trixie's loader, with shaders of trixie's glslc, which knows cooperative matrices.
out=$PWD/artifacts/isa
GLSLC=$trixie/glslc dotnet publish tests/NpcMind.Benchmarks -c Release -r linux-x64 --self-contained -p:InvariantGlobalization=true \
    -v quiet --nologo --artifacts-path "$out/build" -o "$out/program" >&2
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
