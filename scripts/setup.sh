#!/usr/bin/env bash
# Says what a bare Debian or Ubuntu machine with the .NET SDK lacks, then installs it; does nothing when all is there. Without root, or
# with --check, it only says it.
# setup.sh [--check] [game|test]: "game" is what playing needs: no validation, and the window's library where there is an X display; "test"
# adds that library and a display to test it on.
set -euo pipefail
check=
if [ "${1:-}" = --check ]; then
    check=1
    shift
fi
missing=()
have_library() { compgen -G "/usr/lib/*/$1*" >/dev/null || ldconfig -p 2>/dev/null | grep "$1" >/dev/null; }
command -v glslc >/dev/null || missing+=(glslc)
have_library libvulkan.so.1 || missing+=(libvulkan1)
# A software driver, unless some driver is there already.
compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || compgen -G '/etc/vulkan/icd.d/*.json' >/dev/null ||
    [ -n "${VK_DRIVER_FILES:-}" ] || missing+=(mesa-vulkan-drivers)
if [ "${1:-}" = game ]; then
    # Debian's and Ubuntu's GLFW knows X only.
    [ -z "${DISPLAY:-}" ] || have_library libglfw.so.3 || missing+=(libglfw3)
else
    command -v spirv-val >/dev/null || missing+=(spirv-tools)
    compgen -G '/usr/share/vulkan/explicit_layer.d/*validation*.json' >/dev/null || missing+=(vulkan-validationlayers)
fi
if [ "${1:-}" = test ]; then
    have_library libglfw.so.3 || missing+=(libglfw3)
    command -v Xvfb >/dev/null || missing+=(xvfb)
    have_library libXtst.so.6 || missing+=(libxtst6) # types for the tests
fi
if ! command -v dotnet >/dev/null || ! dotnet --list-sdks 2>/dev/null | grep -q '^1[0-9]\.'; then
    echo "setup: the .NET 10 SDK is missing. Install it (https://dot.net, or your distribution's dotnet-sdk-10.0) and run this again." >&2
    exit 1
fi
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
    echo "setup: please install with your package manager: ${missing[*]} (Debian's names)." >&2
    exit 1
fi
if [ -n "$check" ] || [ "$(id -u)" -ne 0 ]; then
    echo "setup: missing: ${missing[*]}. Please run: sudo apt-get install -y ${missing[*]}" >&2
    exit 1
fi
echo "setup: will install with apt-get: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
