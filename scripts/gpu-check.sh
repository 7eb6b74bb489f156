#!/usr/bin/env bash
# What to do on a machine with a card that is lent for minutes: kernels, frames and tiny models under validation, kernels against the
# bandwidth of copies, and models with the shapes of published ones (made on the spot, with weights that mean nothing): their speed, and
# frames with 1, 8 and 50 characters.
#   scripts/gpu-check.sh build DIR     here: makes DIR, at most 60 MiB, with all that a bare x86-64 Linux machine lacks
#   DIR/check.sh [SECONDS] [--small]   there: runs what it can in so many seconds (420); gpu-check.json and kernels.json are in $OUT or
#                                      DIR/results. --small is for a rehearsal on a software driver.
set -euo pipefail
if [ "${1:-}" != build ] || [ $# -ne 2 ]; then
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 1
fi
mkdir -p "$2"
to=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ -z "$(ls -A "$to")" ] || [ -e "$to/check.sh" ] || { echo "gpu-check: '$to' is not empty and was not made by this script." >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Built with a shader compiler that supports cooperative matrices, where one can be had.
if scripts/newer-debian.sh trixie; then
    export GLSLC=$PWD/artifacts/trixie/glslc
else
    echo "gpu-check: building with the system's glslc, without cooperative matrices if it does not support them." >&2
fi
mkdir -p "$work/built"
for project in src/NpcMind.Cli tests/NpcMind.GpuTests tests/NpcMind.Benchmarks; do
    dotnet build "$project" -c Release -v quiet --nologo --artifacts-path "$PWD/artifacts/gpu-check"
    cp -r "artifacts/gpu-check/bin/$(basename "$project")/release/"*.{dll,json} "$work/built/"
done
rm "$work"/built/*.deps.json # they name what stays behind

# The programs, and of the runtime what they reach.
dotnet=$(dirname "$(realpath "$(command -v dotnet)")")
version=$(dotnet --list-runtimes | sed -n 's/^Microsoft.NETCore.App \(10\.[0-9.]*\) .*/\1/p' | tail -n 1)
framework=shared/Microsoft.NETCore.App/$version
mkdir -p "$work/all/"{bin,vulkan,tests,"dotnet/$framework","dotnet/host/fxr/$version"}
dotnet "$work/built/NpcMind.Benchmarks.dll" closure "$dotnet/$framework" "$work/built" \
    NpcMind.Cli.dll NpcMind.GpuTests.dll NpcMind.Benchmarks.dll |
    while read -r file; do
        case $file in
            "$work"/*) cp "$file" "$work/all/bin/" ;;
            *) cp "$file" "$work/all/dotnet/$framework/" ;;
        esac
    done
cp "$work"/built/NpcMind.{Cli,Benchmarks}.runtimeconfig.json "$work/all/bin/"
cp "$dotnet/dotnet" "$work/all/dotnet/"
cp "$dotnet/host/fxr/$version/libhostfxr.so" "$work/all/dotnet/host/fxr/$version/"

# What the tests look for, the validation layer, and libraries for a machine without them.
touch "$work/all/NpcMind.sln"
cp -r tests/golden "$work/all/tests/"
rm -rf "$work"/all/tests/golden/{tokenizers,reports,templates}
libraries=$(ldconfig -p | sed -n -E 's/^\s*(libvulkan\.so\.1|libstdc\+\+\.so\.6|libgcc_s\.so\.1|lib(ssl|crypto)\.so\.3) .*x86-64.* => //p')
for library in $libraries $(compgen -G '/usr/lib/*/libVkLayer_khronos_validation.so'); do cp -L "$library" "$work/all/vulkan/"; done
sed 's|"library_path": *"[^"]*"|"library_path": "./libVkLayer_khronos_validation.so"|' \
    /usr/share/vulkan/explicit_layer.d/*khronos_validation*.json >"$work/all/vulkan/VkLayer_khronos_validation.json"

tar -C "$work/all" -c . | xz -T0 -6 >"$to/payload.tar.xz"
cat >"$to/check.sh" <<'CHECK'
#!/usr/bin/env bash
# Runs the check on this machine: check.sh [SECONDS] [--small]. Made by scripts/gpu-check.sh of NpcMind.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
seconds=420 small=
for argument in "$@"; do
    case $argument in
        --small) small=--small ;;
        *) seconds=$argument ;;
    esac
done
SECONDS=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$work" -xJf "$here/payload.tar.xz"
# Libraries of the machine come first; a driver that registered itself nowhere is looked for where containers have it.
for library in libstdc++.so.6 libgcc_s.so.1 libssl.so.3 libcrypto.so.3 libvulkan.so.1; do
    if ldconfig -p 2>/dev/null | grep "$library" >/dev/null; then rm -f "$work/vulkan/$library"; fi
done
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -f "$nvidia" ] && ! ls /usr/share/vulkan/icd.d/*nvidia* /etc/vulkan/icd.d/*nvidia* 2>/dev/null | grep . >/dev/null; then
    export VK_DRIVER_FILES=${VK_DRIVER_FILES:-$nvidia}
fi
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$work/vulkan" VK_LAYER_PATH=$work/vulkan
export DOTNET_ROOT=$work/dotnet HOME=${HOME:-$work}
out=${OUT:-$here/results}
mkdir -p "$out"
"$work/dotnet/dotnet" "$work/bin/NpcMind.Benchmarks.dll" check "$out" "$((seconds - SECONDS))" $small
CHECK
chmod +x "$to/check.sh"
bytes=$(du -sb "$to" | cut -f1)
echo "gpu-check: $to is $((bytes >> 20)) MiB"
[ "$bytes" -le $((60 << 20)) ] || { echo "gpu-check: that is more than 60 MiB." >&2; exit 1; }
