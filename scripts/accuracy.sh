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

# Leaves a device's own constants out and takes those of another: what a device that nobody measured can expect.
lend() {
  local borrower=$1 lender=$2 folder_of_pair="$work/$1-$2"
  mkdir "$folder_of_pair"
  cp "$here"/hwprofiles/*.yaml "$folder_of_pair"
  rm "$folder_of_pair/$borrower.calibration.yaml"
  sed -i "/^borrows_calibration_from:/d" "$folder_of_pair/$lender.yaml"
  sed -i "s/^borrows_calibration_from:.*/borrows_calibration_from: [$lender]/" "$folder_of_pair/$borrower.yaml"
  for table in "$folder"/*.csv; do
    "$codesign" validate --hw "$folder_of_pair/$borrower.yaml" --measurements "$table" --mechanisms-only --markdown 2> "$work/complaint" || true
  done | awk -v lender="$lender" '
    /^### / { name = substr($0, 5); borrowed = 0 }
    /^Constants of / { borrowed = 1 }
    /^\| all \|/ && borrowed { split($0, cell, / *\| */); printf "| %s | %s | %s | %s | %s |\n", name, lender, cell[4], cell[7], cell[9] }'
  echo "accuracy: $borrower with constants of $lender" >&2
}
for pair in "a100-sxm h100-sxm" "h100-sxm a100-sxm" "b200 h100-sxm" "h100-sxm b200" "mi355x mi300x" "mi300x mi355x"; do
  lend ${pair% *} ${pair#* } >> "$work/borrowed"
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
echo "## Constants of another device"
echo
cat "$here/scripts/accuracy-borrowed.md"
echo
echo "| device, operator, provider, type | constants of | mean error | bias | roofline |"
echo "|---|---|---|---|---|"
cat "$work/borrowed"
echo
echo "## Every set"
echo
cat "$work/sections"
