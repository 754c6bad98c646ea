#!/usr/bin/env bash
# loop-counts.sh ARCHITECTURE OPTIONS: lowers and compiles one kernel and counts what stands in its main loop, the
# innermost one with the most matrix instructions: those, LDS and memory operations and barriers by name, other
# vector instructions together, and the scratch of the kernel.
set -euo pipefail
architecture=$1 options=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

pipeline="builtin.module(kernel-lower-gemm{symbol=linear arch=$architecture $options},kernel-emit{inline-prelude=true})"
echo 'module {}' | codesign-opt --pass-pipeline="$pipeline" -o /dev/null >"$work/kernel.hip"
clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch="$architecture" -nogpulib -nogpuinc -std=c++17 \
  -O3 -Wall -Wextra -Werror -Wno-unused-function -S "$work/kernel.hip" -o "$work/kernel.s"
LC_ALL=C awk '
  /^\.LBB[0-9_]+:/ { label = $1; sub(/:.*/, "", label); start[label] = count + 0 }
  /^\t[a-z]/ { line[count++] = $1 (/^\tbuffer_load.* lds$/ ? " to LDS" : "") }
  # A branch back, without another one inside.
  /^\ts_cbranch_/ && ($2 in start) && start[$2] >= behindLast {
    behindLast = count
    matrix = 0
    for (i = start[$2]; i < count; ++i)
      matrix += line[i] ~ /^v_mfma/
    if (matrix > most) {
      most = matrix
      first = start[$2]
      end = count
    }
  }
  /ScratchSize/ { scratch = $NF }
  END {
    for (i = first; i < end; ++i)
      if (line[i] ~ /^(v_mfma|ds_|buffer_|global_|scratch_|s_barrier)/)
        ++number[line[i]]
      else
        vector += line[i] ~ /^v_/
    print "main loop:"
    fflush()
    for (name in number)
      print number[name], name | "sort -k2"
    close("sort -k2")
    print vector + 0, "vector instructions beside them"
    print scratch, "bytes of scratch"
  }' "$work/kernel.s"
