#!/usr/bin/env bash
# every-file.sh PACKAGE ARCHITECTURE: compiles every kernel of an emitted package for its target and holds the compiler's
# report to it: no scratch, no spills, no products that ptxas serialises, and for AMD the LDS that the manifest names. Without
# nvcc, clang compiles CUDA sources to PTX and there is no report. Prints one line per kernel, "ok" or "FAILED" with the reason.
set -euo pipefail
package=$1 architecture=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
  echo "FAILED $1: $2"
  exit 1
}

compileAmd() {
  local file=$1 name out=$work/$(basename "$1").s
  name=$(basename "$file" .hip)
  clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch="$architecture" -nogpulib -nogpuinc -O3 \
    -Wall -Wno-unused-function -S "$file" -o "$out" || fail "$name" "does not compile"
  grep -q '; ScratchSize: 0$' "$out" || fail "$name" "uses scratch"
  grep -q '\.vgpr_spill_count: 0$' "$out" || fail "$name" "spills registers"
  local lds
  lds=$(sed -n 's/^; LDSByteSize: \([0-9]*\).*/\1/p' "$out")
  grep -q "$lds bytes of LDS" "$file" || fail "$name" "takes $lds bytes of LDS, which its header does not say"
  echo "ok $name lds $lds"
}

compileNvidia() {
  local file=$1 name report
  name=$(basename "$file" .cu)
  if ! command -v nvcc >/dev/null; then
    clang++-22 -x cuda --cuda-device-only --cuda-gpu-arch="$architecture" --cuda-feature=+ptx80 -nocudainc -nocudalib \
      -Wno-unknown-cuda-version -std=c++17 -O3 -S "$file" -o "$work/$name.ptx" || fail "$name" "does not compile"
    echo "ok $name"
    return
  fi
  report=$(nvcc -std=c++17 -gencode "arch=compute_${architecture#sm_},code=$architecture" -Xptxas -v -cubin "$file" \
    -o "$work/$name.cubin" 2>&1) || fail "$name" "$report"
  grep -q ' 0 bytes spill stores, 0 bytes spill loads' <<<"$report" || fail "$name" "spills: $report"
  # ptxas adds waits of its own or runs products one by one where it cannot follow them; setmaxnreg may be ignored.
  if grep -qE 'injected|serialized|C7508' <<<"$report"; then fail "$name" "ptxas changed its schedule: $report"; fi
  echo "ok $name"
}

for file in "$package"/src/*.hip "$package"/src/*.cu; do
  [ -f "$file" ] || continue
  case $architecture in
  gfx*) (compileAmd "$file") || failed=1 ;;
  *) (compileNvidia "$file") || failed=1 ;;
  esac
done
exit $failed
