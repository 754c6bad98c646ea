#!/usr/bin/env bash
# Writes docs/accuracy.md to stdout: the error of the cost model on every table of measured times in a folder, device by device.
#   scripts/accuracy.sh build/bin/codesign FOLDER
set -euo pipefail
codesign=$1
folder=${2:?usage: accuracy.sh CODESIGN FOLDER, or make accuracy MEASUREMENTS=FOLDER}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for profile in "$here"/hwprofiles/*.yaml; do
  case $profile in *.calibration.yaml) continue ;; esac
  device=$(basename "$profile" .yaml)
  for table in "$folder"/*.csv; do
    # A table without rows of this device is none of its business; any other complaint is.
    if "$codesign" validate --hw "$profile" --measurements "$table" --mechanisms-only --markdown >> "$work/sections" 2> "$work/complaint"; then
      echo "accuracy: $device, $(basename "$table")" >&2
    elif ! grep -q "no usable rows" "$work/complaint"; then
      cat "$work/complaint" >&2
      exit 1
    fi
  done
done

cat "$here/scripts/accuracy-preface.md"
echo
echo "## Overview"
echo
echo "| device, operator, provider, type | rows | held out | with corrections | roofline | 3 constants | noise floor | cliffs | ranked right | beyond band |"
echo "|---|---|---|---|---|---|---|---|---|---|"
awk '
  function noise(provider) {
    if (provider == "trtllm" || provider == "nccl") return "3 to 7"
    if (provider ~ /^aiter/) return "4 (median)"
    return "not known"
  }
  function flush() {
    if (name != "")
      printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, rows, held, corrected, roofline, three, noise(provider),
             cliffs ? sprintf("%.0f %% of %d", 100 * hits / cliffs, cliffs) : "-", right, beyond
  }
  /^### / {
    flush(); name = substr($0, 5); split(name, part, ", "); provider = part[3]
    held = "not calibrated"; hits = cliffs = 0; corrected = right = beyond = "-"
  }
  /^Held out: / { held = $3 " %"; if ($5 == "by") corrected = $8 " %" }
  /^\| all \|/ { split($0, cell, / *\| */); rows = cell[3]; roofline = cell[9]; three = cell[10] }
  /^- cliffs along / {
    match($0, /: [0-9]+ of [0-9]+/); split(substr($0, RSTART + 2, RLENGTH - 2), number, " of ")
    hits += number[1]; cliffs += number[2]
  }
  /^- pairs of equal/ { right = $6 " %"; match($0, /; [0-9]+ %/); beyond = substr($0, RSTART + 2, RLENGTH - 2) }
  END { flush() }
' "$work/sections"
echo
echo "## Every set"
echo
cat "$work/sections"
