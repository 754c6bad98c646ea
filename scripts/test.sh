#!/usr/bin/env bash
# Runs every test of a build folder, and says at the end what could not run on this machine and why.
set -uo pipefail
build=$1
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$(nproc)"
status=$?
grep -ho 'SKIPPED [^]].*' "$build/Testing/Temporary/LastTest.log" | sort -u
exit $status
