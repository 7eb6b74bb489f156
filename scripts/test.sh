#!/usr/bin/env bash
# Passes the tests: sets up, checks formatting, builds with warnings as errors, runs every layer and the tutorial. Ends with "N passed, N failed, N skipped".
# Logs and .trx files are in artifacts/tests. Layers that need ../shared (golden data of all families, the real model) run when that folder is there; either way it says so.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh test || exit 1
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
if [ -d ../shared/golden ]; then
    echo "test: ../shared found: golden and real-model layers run too."
else
    echo "test: ../shared not found: the layers that need it (category Shared) are left out; what a fresh clone needs is in tests/golden."
fi
if [ -f artifacts/minilm/expected.json ]; then
    echo "test: artifacts/minilm found: embeddings are compared with ONNX Runtime, too."
else
    echo "test: artifacts/minilm not found: the comparison of embeddings with ONNX Runtime (category MiniLm) is left out; scripts/minilm.sh makes it."
fi
failed_step() { echo "test: $1 failed"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
dotnet build NpcMind.sln -c Release -v quiet --nologo || failed_step build
dotnet format NpcMind.sln --verify-no-changes --no-restore -v quiet || failed_step "formatting (run: dotnet format NpcMind.sln)"
results=artifacts/tests # logs and .trx files stay here until the next run
rm -rf "$results"
mkdir -p "$results"
status=0

# Two lanes beside each other: a test is bound by one core most of the time. No test depends on how fast it is.
shared=""
[ -d ../shared/golden ] || shared="TestCategory!=Shared"
[ -f artifacts/minilm/expected.json ] || shared="${shared:+$shared&}TestCategory!=MiniLm"
run_tests() { # NAME PROJECT [FILTER]
    local filter="$shared"
    [ -n "${3:-}" ] && filter="${filter:+($filter)&}($3)"
    local started=$SECONDS
    dotnet test "$2" -c Release --no-build --nologo --logger "trx;LogFileName=$1.trx" --results-directory "$results" ${filter:+--filter "$filter"} >"$results/$1.log" 2>&1
    local code=$?
    echo "test: $1: $(grep -E '^(Passed|Failed)!' "$results/$1.log" | tail -n 1 || true) ($((SECONDS - started)) s)"
    [ $code -eq 0 ] || { sed 's/^/    /' "$results/$1.log"; echo failed >"$results/$1.failed"; }
}
runtime="FullyQualifiedName~NpcMind.GpuTests.Runtime"
real="FullyQualifiedName~NpcMind.GpuTests.Shared|FullyQualifiedName~NpcMind.GpuTests.Faults"
(
    run_tests gpu-runtime tests/NpcMind.GpuTests "$runtime"
    run_tests gpu-models tests/NpcMind.GpuTests "$real"
    run_tests pure tests/NpcMind.Tests
) &
(
    run_tests gpu tests/NpcMind.GpuTests "FullyQualifiedName!~NpcMind.GpuTests.Runtime&FullyQualifiedName!~NpcMind.GpuTests.Shared&FullyQualifiedName!~NpcMind.GpuTests.Faults"
    run_tests tavern tests/Tavern.Tests
    run_tests tavern-game tests/Tavern.Game.Tests
) &
wait
compgen -G "$results/*.failed" >/dev/null && status=1
echo "test: the slowest twenty:"
grep -ho '<UnitTestResult [^>]*>' "$results"/*.trx | sed -E 's/.* testName="([^"]*)".* duration="0?0:([^"]*)".*/\2  \1/' | sort -r | head -n 20 | cut -c 1-140 | sed 's/^/    /'
passed=0 failed=0 skipped=0
for file in "$results"/*.trx; do
    counters=$(grep -o '<Counters [^>]*>' "$file") || { status=1; failed=$((failed + 1)); continue; }
    value() { sed -E "s/.* $1=\"([0-9]+)\".*/\1/" <<<"$counters"; }
    passed=$((passed + $(value passed)))
    failed=$((failed + $(value failed) + $(value error) + $(value timeout) + $(value aborted)))
    skipped=$((skipped + $(value total) - $(value executed)))
done
if timeout 1200 tests/tutorial.sh >"$results/tutorial.log" 2>&1; then
    passed=$((passed + 1))
elif grep -q NU1301 "$results/tutorial.log"; then
    echo "test: docs/tutorial.md was not tried: its new project finds no way to nuget.org (NU1301)"
    skipped=$((skipped + 1))
else
    cat "$results/tutorial.log"
    echo "test: docs/tutorial.md failed (tests/tutorial.sh)"
    failed=$((failed + 1))
fi
[ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
[ "$passed" -eq 0 ] && failed=$((failed + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
