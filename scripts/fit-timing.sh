#!/usr/bin/env bash
# Fits the simulator's timing model to kernels of AMD's AITER package and the times that AMD published for them
# (scripts/timing/DEVICE.yaml). Fetches the package from PyPI; nothing of it is kept in this repository.
#   scripts/fit-timing.sh mi300x [BUILD] [FOLDER]      BUILD: build; FOLDER: where the package goes
set -euo pipefail
device=$1 build=${2:-build} folder=${3:-$(mktemp -d)}
source=$(cd "$(dirname "$0")/.." && pwd)
package=amd-aiter==0.1.7.post2.dev18
if [ ! -d "$folder/aiter_meta/hsa" ]; then
  python3 -m pip download --quiet --no-deps --dest "$folder" "$package"
  python3 -m zipfile -e "$folder"/amd_aiter-*.whl "$folder"
fi
build=$(realpath "$build") folder=$(realpath "$folder")
cd "$source" # the profile names the list as it is written here
"$build/bin/codesign" calibrate --hw "$device" --code-objects "scripts/timing/$device.yaml" \
  --object-folder "$folder/aiter_meta/hsa" --source "ROCm/aiter, MIT: code objects of $package and its published times"
