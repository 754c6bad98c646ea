#!/usr/bin/env bash
# every-plan.sh EXAMPLES ARCHITECTURE DEVICE...: plans every example for each device and compiles every distinct kernel file
# of all the plans (every-file.sh), each content once.
set -euo pipefail
examples=$1 architecture=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/all/src"

for device in "$@"; do
  for model in "$examples"/*/config.json "$examples"/*/*.yaml; do
    rm -rf "$work/plan" # a folder holds one plan
    codesign plan "$model" --hw "$device" --out "$work/plan" >/dev/null 2>"$work/errors" || { cat "$work/errors"; exit 1; }
    for file in "$work"/plan/kernels/src/*.hip "$work"/plan/kernels/src/*.cu; do
      [ -f "$file" ] || continue
      # The expected time in the header differs between devices; the code does not.
      content=$(sed '/^ \*/d; /^\/\//d' "$file" | sha256sum | cut -c1-16)
      suffix=${file##*.}
      [ -f "$work/seen-$content" ] && continue
      touch "$work/seen-$content"
      cp "$file" "$work/all/src/$(basename "$file" ".$suffix")_$content.$suffix"
    done
    cp "$work"/plan/kernels/src/*.h "$work/all/src/" 2>/dev/null || true
    [ -d "$work/plan/kernels/include" ] && cp -r "$work/plan/kernels/include" "$work/all/"
  done
done
"$(dirname "$0")/every-file.sh" "$work/all" "$architecture" >"$work/log" || { sed '/^ok /d' "$work/log"; exit 1; }
echo "compiled $(grep -c '^ok ' "$work/log") distinct kernels"
