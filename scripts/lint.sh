#!/usr/bin/env bash
# Formatting of every file, clang-tidy on the files changed since a base revision (default: the last commit on origin/main,
# else the previous commit), and a warning-free build with the second compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
base=${1:-$(git rev-parse -q --verify origin/main || git rev-parse -q --verify HEAD~1 || git rev-parse HEAD)}

git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format-22 --dry-run --Werror
echo "lint: clang-format is clean"

mapfile -t changed < <(git diff --name-only --diff-filter=d "$base" -- 'lib/*.cpp' 'dialects/*.cpp' 'tools/*.cpp' ':!lib/*/Templates/*')
if [ ${#changed[@]} -gt 0 ]; then
  clang-tidy-22 -p build --quiet "${changed[@]}"
fi
echo "lint: clang-tidy is clean on ${#changed[@]} changed files"

cmake --preset gcc >/dev/null
cmake --build --preset gcc
echo "lint: g++ builds without warnings"
