#!/usr/bin/env bash
# Runs docs/tutorial.md as a reader does: its bash blocks are executed, its csharp blocks written to the files that their
# first lines name, in order, in a folder of its own.
# tests/tutorial.sh [--each]   --each: builds and runs after every listing, too, not only where the page says so.
# What the page shows as output must be printed, line for line; MODEL and EYES, where they are set, stand in for the shipped
# ones, and then nothing is compared.
# NuGet asks nuget.org, or what it has kept of it for half an hour. Ends with "tutorial: passed".
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
each=; [ "${1:-}" = --each ] && each=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A package of the same version from an earlier run would be taken instead of the new one.
rm -rf "${NUGET_PACKAGES:-$HOME/.nuget/packages}/npcmind"
awk -v model="${MODEL:-}" -v eyes="${EYES:-}" -v each="$each" -v work="$work" '
    function quoted(text) { gsub(/\047/, "\047\\\047\047", text); return "\047" text "\047" }
    /^```(bash|csharp)$/ { kind = substr($0, 4); first = 1; next }
    /^```/ && kind == "csharp" { print "LISTING"; if (each && wanted) print "dotnet run -c Release -- \"$MODEL\""; kind = ""; next }
    /^```/ { kind = kind == "" ? "other" : ""; next }
    kind == "csharp" && first {
        first = 0
        if ($1 != "//" || $2 !~ /^[A-Za-z]+\.cs$/) {
            print "tutorial: line " NR ": the first line of a listing is \"// FILE.cs\", not: " $0 > "/dev/stderr"
            exit 1
        }
        print "cat " (seen[$2]++ ? ">>" : ">") " " $2 " <<\047LISTING\047"
        wanted = $2 == "Program.cs"
        next
    }
    kind == "bash" && /^export MODEL=/ && model != "" { print "export MODEL=" quoted(model) " EYES=" quoted(eyes); next }
    kind == "bash" && first { first = 0; if (++blocks == 2) print "cd " quoted(work) } # the first block is for the clone
    kind != "" && kind != "other" { print }
' "$root/docs/tutorial.md" >"$work/steps.sh"
cd "$root"
bash -euo pipefail -x "$work/steps.sh" | tee "$work/printed"
# Every run prints what the runs before it did, and more. The name of the device is the reader's.
if [ -z "${MODEL:-}" ]; then
    awk '/^```text$/ { shown = 1; next } /^```/ { shown = 0 } shown && NF && !/ on llvmpipe / { print }' docs/tutorial.md >"$work/shown"
    [ -s "$work/shown" ] || { echo "tutorial: the page shows no output." >&2; exit 1; }
    awk 'NR == FNR { want[n++] = $0; next }
        at < n && $0 == want[at] { at++ }
        END {
            if (at == n) exit
            print "tutorial: the page shows the line \"" want[at] "\", which was not printed there." > "/dev/stderr"
            exit 1
        }' "$work/shown" "$work/printed"
fi
echo "tutorial: passed"
