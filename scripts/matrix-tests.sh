#!/usr/bin/env bash
# Runs the tests of products on cooperative matrices (category Matrices), with validation: on the software driver, shader compiler and
# validation layer of Debian forky, which it fetches into artifacts/forky (80 MB, once), because the system's know no such matrices.
#   scripts/matrix-tests.sh [NAME...]      ends with a line of JSON; NAME: part of a test's full name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v patchelf >/dev/null || { echo "matrix-tests: install patchelf (apt-get install patchelf)." >&2; exit 1; }
scripts/newer-debian.sh forky
root=$PWD/artifacts/forky/root
out=$PWD/artifacts/matrices
export NPCMIND_NEEDS_MATRICES=1 GLSLC=$PWD/artifacts/forky/glslc
dotnet publish tests/NpcMind.Benchmarks -c Release -r linux-x64 --self-contained -p:InvariantGlobalization=true -v quiet --nologo \
    --artifacts-path "$out/build" -o "$out/program" >&2
dotnet build tests/NpcMind.GpuTests -c Release -v quiet --nologo --artifacts-path "$out/build" >&2
cp -u "$out"/build/bin/NpcMind.GpuTests/release/*.dll "$out/program/"
patchelf --set-interpreter "$root/usr/lib64/ld-linux-x86-64.so.2" "$out/program/NpcMind.Benchmarks"
[ $# -gt 0 ] || set -- MatrixProductTests
LD_LIBRARY_PATH="$root/usr/lib/x86_64-linux-gnu" VK_DRIVER_FILES="$root/usr/share/vulkan/icd.d/lvp_icd.json" \
    VK_LAYER_PATH="$root/usr/share/vulkan/explicit_layer.d" \
    "$out/program/NpcMind.Benchmarks" tests "$out/program/NpcMind.GpuTests.dll" "$@"
