#!/usr/bin/env bash
# Counts what ptxas makes of the main loops for NVIDIA devices. Fetches NVIDIA's disassembler from PyPI into the
# build folder, once (6 MB); needs nvcc, Python 3.9 or later with venv, and the network the first time.
set -euo pipefail
build=$1
folder=$build/nvdisasm
package=nvidia-cuda-nvdisasm==13.5.37

command -v nvcc > /dev/null || { echo "sass: nvcc is not on the PATH" >&2; exit 1; }
[ -x "$folder/bin/pip" ] || python3 -m venv "$folder"
if [ -z "$(find "$folder" -name nvdisasm -type f)" ]; then
  echo "sass: fetching $package"
  "$folder/bin/pip" install --quiet --no-deps --only-binary :all: "$package"
fi
CODESIGN_NVDISASM=$(find "$(cd "$folder" && pwd)" -name nvdisasm -type f | head -n 1)
export CODESIGN_NVDISASM
"$build/bin/EmitTest" --gtest_filter='Sass*'
