#!/usr/bin/env bash
# Makes the sample's small mind: pictures, conversations, tokenizer, eyes, mind, GGUF files, evaluation, card. Or evaluates
# the one that is committed.
#   scripts/forge.sh [--minutes N] [--out DIR] [--background] [--install] [--on]
#       N minutes of training (default 150); a run that was stopped goes on when started again; --on: from the weights, eyes
#       and tokenizer of the committed mind, conversations only
#   scripts/forge.sh --lines FILE [--model F --eyes F]
#       plays a file of lines as players type them (samples/Tavern.Forge/examples/lines.json is one) and says what was answered
#   scripts/forge.sh --evaluate [--json] [--model F --eyes F] [--conversations N] [--reports DIR]
#       says how much of what is asked is right, as JSON; --json: in one line
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shipped=$root/samples/Tavern/models
minutes=150 out=$root/artifacts/forge background= install= on= lines=
evaluate= json= model=$shipped/mind.gguf eyes=$shipped/eyes.gguf conversations=120 reports=
usage() { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 1; }
value() { [ $# -ge 2 ] || { echo "forge: $1 wants a value." >&2; usage; }; }
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
        --minutes) value "$@"; minutes=$2; shift ;;
        --out) value "$@"; out=$(realpath -m "$2"); shift ;;
        --background) background=1 ;;
        --install) install=1 ;;
        --on) on=1 ;;
        --lines) value "$@"; lines=$(realpath -m "$2"); shift ;;
        --evaluate) evaluate=1 ;;
        --json) json=1 ;;
        --model) value "$@"; model=$(realpath -m "$2"); shift ;;
        --eyes) value "$@"; eyes=$(realpath -m "$2"); shift ;;
        --conversations) value "$@"; conversations=$2; shift ;;
        --reports) value "$@"; reports=$(realpath -m "$2"); shift ;;
        *) echo "forge: '$1' is unknown." >&2; usage ;;
    esac
    shift
done
[[ $minutes =~ ^[0-9]+$ && $minutes -gt 0 ]] || { echo "forge: --minutes wants a number above 0, not '$minutes'." >&2; exit 1; }

if [ -n "$background" ]; then
    mkdir -p "$out"
    rest=(); for a in "${arguments[@]}"; do [ "$a" = --background ] || rest+=("$a"); done
    setsid nohup "${BASH_SOURCE[0]}" "${rest[@]}" >>"$out/forge.log" 2>&1 </dev/null &
    echo "forge: running; its words are in $out/forge.log"
    exit 0
fi

"$root/scripts/setup.sh" >&2
dotnet build "$root/samples/Tavern.Forge" -c Release -v quiet --nologo >&2
forge=$root/samples/Tavern.Forge/bin/Release/net10.0/Tavern.Forge

evaluate_model() { # model eyes conversations reports [--indented]
    local held=$root/artifacts/held
    [ -f "$held/pictures.jsonl" ] || "$forge" pictures --out "$held" --train 0 --held 400 >&2
    "$forge" evaluate --model "$1" --eyes "$2" --pictures "$held" --conversations "$3" --reports "${@:4}"
}

if [ -n "$evaluate" ]; then
    for file in "$model" "$eyes"; do
        [ -f "$file" ] || {
            echo "forge: there is no '$file'. Make a mind first (scripts/forge.sh), or name one with --model and --eyes." >&2
            exit 1
        }
    done
    reports=${reports:-$root/artifacts/evaluation}
    indented=(--indented); [ -z "$json" ] || indented=()
    evaluate_model "$model" "$eyes" "$conversations" "$reports" "${indented[@]}"
    echo "forge: what was answered wrongly: $reports/failures.txt; whole conversations: $reports/transcripts.md" >&2
    exit 0
fi

if [ -n "$lines" ]; then
    "$forge" lines --model "$model" --eyes "$eyes" --lines "$lines" --tavern "$root/samples/Tavern/data/tavern.json"
    exit 0
fi

python=/usr/bin/python3
if ! "$python" -c 'import torch, numpy, matplotlib' 2>/dev/null || ! ldconfig -p | grep openblas >/dev/null; then
    packages="python3-torch python3-numpy python3-matplotlib libopenblas0-openmp"
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        echo "forge: PyTorch is missing. Please run: sudo apt-get install -y $packages (Debian and Ubuntu)." >&2
        exit 1
    fi
    echo "forge: installing $packages" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    apt-get install -y -q --no-install-recommends $packages >/dev/null
fi
# OpenBLAS with OpenMP shares its threads with PyTorch; memory of a step is kept for the next one instead of going back to
# the system: together half as fast again.
for folder in /usr/lib/*/openblas-openmp; do export LD_LIBRARY_PATH=$folder; done
# Debian 12's OpenBLAS takes newer processors for Haswells: with AVX-512 named, training was 2.5 times as fast.
if grep -q avx512f /proc/cpuinfo; then export OPENBLAS_CORETYPE=SkylakeX; fi
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000 MALLOC_TOP_PAD_=268435456
export OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=20000
train=$root/samples/Tavern.Forge/train
run=$out/run
mkdir -p "$run"
# A short run gets a smaller corpus: writing more than it can read takes time from it.
if [ -n "$on" ]; then pictures=9000 train_count=14000
elif [ "$minutes" -le 20 ]; then pictures=3000 train_count=8000
else pictures=14000 train_count=60000
fi
eye_minutes=$(( minutes / 5 + 1 )) mind_minutes=$(( minutes - minutes / 5 - 1 ))
[ $mind_minutes -gt 0 ] || mind_minutes=1
say() { echo "forge: $(date +%H:%M:%S) $*" >&2; }
[ -f "$out/pictures.jsonl" ] || { say "pictures"; "$forge" pictures --out "$out" --train $pictures --held 400; }
[ -f "$out/corpus.jsonl" ] || { say "conversations"; "$forge" corpus --out "$out" --train $train_count --held 600; }
if [ -n "$on" ]; then
    tokenizer=$shipped/mind.gguf
    say "mind, on from $tokenizer, $minutes minutes"
    "$python" "$train/train.py" "$out" "$run" --tokenizer "$tokenizer" --init "$tokenizer" --minutes "$minutes" --resume \
        --budget 4096 4096 --curriculum 1 2 2 --warmup 12 --muon-lr 0.012 --embedding-lr 2e-3 --small-lr 7e-4 --decay 1
else
    tokenizer=$out/tokenizer.json
    if [ ! -f "$tokenizer" ]; then
        say "tokenizer"
        "$python" "$train/tokenizer.py" "$out" "$tokenizer" --min-frequency 300 --sample 20000
    fi
    if [ ! -f "$out/eyes.done" ]; then
        say "eyes, $eye_minutes minutes"
        "$python" "$train/pretrain_vision.py" "$out" "$out/eyes.pt" --minutes $eye_minutes --resume
        touch "$out/eyes.done"
    fi
    say "mind, $mind_minutes minutes"
    "$python" "$train/train.py" "$out" "$run" --tokenizer "$tokenizer" --vision "$out/eyes.pt" --minutes $mind_minutes --resume
fi
say "GGUF files"
"$python" "$train/export.py" "$run/checkpoint.pt" --tokenizer "$tokenizer" --out "$out/models"
"$python" "$train/check_export.py" "$run/checkpoint.pt" --tokenizer "$tokenizer" --models "$out/models" --corpus "$out"
say "evaluation"
evaluate_model "$out/models/mind.gguf" "$out/models/eyes.gguf" "$conversations" "$out/evaluation" | tee "$out/evaluation.json"
"$python" "$train/card.py" --run "$run" --evaluation "$out/evaluation.json" --models "$out/models"
say "done: $out/models (mind.gguf, eyes.gguf, card), $run/loss.png." \
    "To ship it: cp $out/models/{mind.gguf,eyes.gguf,README.md} samples/Tavern/models"
if [ -n "$install" ]; then
    mkdir -p "$shipped"
    cp "$out"/models/{mind.gguf,eyes.gguf,README.md} "$shipped/"
fi
