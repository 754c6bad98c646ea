#!/usr/bin/env bash
# Runs kernels that this project did not write in the simulator: AMD's AITER package and kernels compiled by
# Triton, both from PyPI. Downloads once, into the folder named second (about 1 GB unpacked); needs Python 3.9
# or later with venv, and the network the first time.
set -euo pipefail
build=$1
cache=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/codesign/foreign}
aiter=amd-aiter==0.1.7.post2.dev18
source=$(cd "$(dirname "$0")/.." && pwd)

mkdir -p "$cache"
[ -x "$cache/venv/bin/pip" ] || python3 -m venv "$cache/venv"
if [ ! -d "$cache/aiter/aiter_meta/hsa" ]; then
  echo "foreign-kernels: fetching $aiter"
  "$cache/venv/bin/pip" download --quiet --no-deps --only-binary :all: --dest "$cache" "$aiter"
  rm -rf "$cache/unpacked"
  mkdir "$cache/unpacked"
  # Only the code objects: the rest of the package is not needed.
  python3 - "$cache"/amd_aiter-*.whl "$cache/unpacked" <<'PYTHON'
import sys
import zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.endswith(".co")])
PYTHON
  mv "$cache/unpacked" "$cache/aiter"
fi
if [ ! -f "$cache/triton/manifest.txt" ]; then
  echo "foreign-kernels: fetching Triton and compiling with it"
  if "$cache/venv/bin/pip" install --quiet triton; then
    "$cache/venv/bin/python" "$source/test/foreign/triton_kernels.py" "$cache/triton"
  else
    echo "foreign-kernels: Triton does not install here; its kernels are left out" >&2
  fi
fi

export CODESIGN_FOREIGN_KERNELS="$cache/aiter/aiter_meta/hsa"
[ -f "$cache/triton/manifest.txt" ] && export CODESIGN_TRITON_KERNELS="$cache/triton"
"$build/bin/ForeignKernelTest"
