#!/usr/bin/env bash
# run.sh PACKAGE RESULTS: builds the kernels of a package that write-benchmark-package wrote, checks them on the GPU, times
# them and cuBLASLt (of experts, cuBLAS) in one run, and writes RESULTS.csv and RESULTS.md. Needs nvcc and cuBLAS; with --build-only no GPU.
# Exit status: that of summarise.py.
set -euo pipefail
buildOnly=0
if [ "${1:-}" = --build-only ]; then buildOnly=1; shift; fi
[ $# -eq 2 ] || { echo "usage: run.sh [--build-only] PACKAGE RESULTS" >&2; exit 2; }
package=$(cd "$1" && pwd) results=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export package work

architecture=$(sed -n 's/.*"architecture": "sm_\([0-9a-z]*\)".*/\1/p' "$package/codesign.manifest.json")
export architecture
compileOne() {
  nvcc -std=c++17 -O3 -cubin -gencode "arch=compute_$architecture,code=sm_$architecture" "$1" \
    -o "$work/$(basename "$1" .cu).image" 2>"$work/$(basename "$1").log" || { cat "$work/$(basename "$1").log" >&2; exit 255; }
}
export -f compileOne
find "$package/src" -name '*.cu' -print0 | sort -z | xargs -0 -P "$(nproc)" -I{} bash -c 'compileOne {}'

c++ -std=c++17 -O2 -I"$package/include" -c "$package/src/dispatch.cpp" -o "$work/dispatch.o"
c++ -Wa,-I"$work" -c "$package/src/images.S" -o "$work/images.o"
nvcc -std=c++17 -O2 -gencode "arch=compute_$architecture,code=sm_$architecture" -I"$package" -I"$package/include" \
  "$here/GemmBenchmark.cu" "$work/dispatch.o" "$work/images.o" -lcublas -lcublasLt -ldl -o "$work/benchmark"
if [ $buildOnly = 1 ]; then echo "built $(ls "$work"/*.image | wc -l) kernels"; exit 0; fi

{
  echo "date,$(date -u +%F)"
  echo "commit,$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown)"
} >"$results.csv"
status=0
"$work/benchmark" >>"$results.csv" || status=$?
[ $status -eq 0 ] || [ $status -eq 4 ] || exit $status
python3 "$here/summarise.py" "$results.csv" >"$results.md" || status=$?
cat "$results.md"
exit $status
