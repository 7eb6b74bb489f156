#!/usr/bin/env bash
# Passes the tests: sets up, checks formatting, builds with warnings as errors, runs every layer and the tutorial. Ends with "N passed, N
# failed, N skipped".
# Logs and .trx files are in artifacts/tests. Layers that need ../shared (golden data of all families, the real model) run when that folder
# is there; either way it says so.
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
    echo "test: artifacts/minilm not found: the comparison of embeddings with ONNX Runtime (category MiniLm) is left out;" \
        "scripts/minilm.sh makes it."
fi
echo "test: products on cooperative matrices (category Matrices) want another driver: scripts/matrix-tests.sh runs them."
[ -e artifacts/trixie/complete ] ||
    echo "test: artifacts/trixie not found: what AMD's compiler makes of the kernels is not judged; scripts/isa-audit.sh fetches it."
failed_step() { echo "test: $1 failed"; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
# One compiler for all projects, where the machine's settings start one for each; it ends with the build.
UseSharedCompilation=true dotnet build NpcMind.sln -c Release -v quiet --nologo || failed_step build
dotnet build-server shutdown --vbcscompiler >/dev/null 2>&1
results=artifacts/tests # logs, .trx files and processor times stay here until the next run
rm -rf "$results"
mkdir -p "$results"
status=0

# Jobs wait in a queue, the longest first, for as many lanes as there are cores (at most four): a test is bound by one core most of the
# time, and none depends on how fast it is. The tutorial and the test of the package both pack: they are one job.
left_out="TestCategory!=Matrices" # a filter: what cannot run here
[ -d ../shared/golden ] || left_out="$left_out&TestCategory!=Shared"
[ -f artifacts/minilm/expected.json ] || left_out="$left_out&TestCategory!=MiniLm"
run_tests() { # NAME PROJECT [FILTER]
    local filter="$left_out" started=$SECONDS
    [ -n "${3:-}" ] && filter="($filter)&($3)"
    NPCMIND_TEST_TIMES="$PWD/$results" dotnet test "$2" -c Release --no-build --nologo --logger "trx;LogFileName=$1.trx" \
        --results-directory "$results" --filter "$filter" \
        >"$results/$1.log" 2>&1 || echo failed >"$results/$1.failed"
    echo "test: $1: $(grep -E '^(Passed|Failed)!' "$results/$1.log" | tail -n 1 || true) ($((SECONDS - started)) s)"
    [ ! -e "$results/$1.failed" ] || sed 's/^/    /' "$results/$1.log"
}
run_job() {
    local gpu=tests/NpcMind.GpuTests here=FullyQualifiedName~NpcMind.GpuTests kernels="" others="" name
    for name in Sampler Kernel Integer Shader TinyModel Mask Dequantize Large; do
        kernels="${kernels:+$kernels|}$here.$name"
    done
    for name in Sampler Kernel Integer Shader TinyModel Mask Dequantize Large Runtime Shared Faults PackageTests; do
        others="${others:+$others&}FullyQualifiedName!~NpcMind.GpuTests.$name"
    done
    case $1 in
        gpu) run_tests gpu $gpu "$others" ;;
        gpu-kernels) run_tests gpu-kernels $gpu "$kernels" ;;
        gpu-runtime) run_tests gpu-runtime $gpu "$here.Runtime|$here.Faults" ;;
        gpu-shared) [ ! -d ../shared/golden ] || run_tests gpu-shared $gpu "$here.Shared" ;;
        # Devices with several clusters of lanes in a subgroup, as GPUs have them: lavapipe has one, or two with vectors of this width.
        gpu-wide) LP_NATIVE_VECTOR_WIDTH=512 run_tests gpu-wide $gpu "$here.KernelTests|($here.FrameTests&FullyQualifiedName~validated)" ;;
        pure) run_tests pure tests/NpcMind.Tests ;;
        tavern) run_tests tavern tests/Tavern.Tests ;;
        tavern-game) run_tests tavern-game tests/Tavern.Game.Tests ;;
        format)
            # Style is checked by the build (IDE0055 and the analyzers are errors); this is what it does not see: file ends, characters.
            dotnet format whitespace NpcMind.sln --verify-no-changes --no-restore -v quiet >"$results/format.log" 2>&1 ||
                echo failed >"$results/format.failed"
            ;;
        package)
            run_tests package $gpu "$here.PackageTests"
            timeout 1200 tests/tutorial.sh >"$results/tutorial.log" 2>&1 || echo failed >"$results/tutorial.failed"
            [ ! -e artifacts/trixie/complete ] ||
                timeout 1200 scripts/isa-audit.sh --check NAVI21 >"$results/isa.log" 2>&1 || echo failed >"$results/isa.failed"
            ;;
    esac
}
export left_out results
export -f run_tests run_job
lanes=$(nproc)
printf '%s\n' gpu-runtime gpu gpu-shared gpu-kernels gpu-wide tavern pure package tavern-game format |
    xargs -P $((lanes < 4 ? lanes : 4)) -I JOB bash -uo pipefail -c 'run_job JOB'
if [ -e "$results/format.failed" ]; then
    cat "$results/format.log"
    echo "test: formatting failed (run: dotnet format NpcMind.sln)"
fi
if [ -e "$results/isa.failed" ]; then
    cat "$results/isa.log"
    echo "test: AMD's compiler makes more of a kernel than before (scripts/isa-audit.sh; docs/measurements/isa.md)"
fi
scripts/figures.cs tests "$results"
read -r passed failed skipped < <(scripts/figures.cs counts "$results") || { passed=0 failed=1 skipped=0; }
if [ ! -e "$results/tutorial.failed" ]; then
    passed=$((passed + 1))
elif grep -q NU1301 "$results/tutorial.log"; then
    echo "test: docs/tutorial.md was not tried: its new project finds no way to nuget.org (NU1301)"
    skipped=$((skipped + 1))
    rm "$results/tutorial.failed"
else
    cat "$results/tutorial.log"
    echo "test: docs/tutorial.md failed (tests/tutorial.sh)"
    failed=$((failed + 1))
fi
if [ -e "$results/isa.log" ]; then
    if [ -e "$results/isa.failed" ]; then failed=$((failed + 1)); else passed=$((passed + 1)); fi
fi
compgen -G "$results/*.failed" >/dev/null && status=1
[ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
[ "$passed" -eq 0 ] && failed=$((failed + 1))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
