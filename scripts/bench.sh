#!/usr/bin/env bash
# Runs the benchmarks of the planner and the simulator: rates, not pass or fail. Machines differ; compare within one run.
set -euo pipefail
build=${1:-build}
for name in search-benchmark cost-benchmark simulate-benchmark; do
  if [ -x "$build/bin/$name" ]; then
    echo "== $name"
    "$build/bin/$name"
  fi
done
