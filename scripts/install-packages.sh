#!/usr/bin/env bash
# Installs the Debian packages that codesign is built and tested with. Prints what it does; does nothing when all are there.
set -euo pipefail

packages=(
  cmake ninja-build g++ ccache git python3
  llvm-22 llvm-22-dev llvm-22-tools clang-22 lld-22 libclang-rt-22-dev
  libmlir-22-dev mlir-22-tools
  libyaml-cpp-dev libcli11-dev zlib1g-dev libzstd-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
# Only `make lint` needs these.
[ "${1:-}" = lint ] && packages+=(clang-format-22 clang-tidy-22)
# cpack asks `file` which of the installed files are programs.
[ "${1:-}" = deb ] && packages+=(file dpkg-dev)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
  asRoot=()
elif command -v sudo >/dev/null; then
  asRoot=(sudo)
else
  echo "codesign needs these packages, and neither root nor sudo is at hand to install them:" >&2
  echo "  ${missing[*]}" >&2
  exit 1
fi

echo "codesign: installing ${#missing[@]} Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${asRoot[@]}" apt-get update -qq

# LLVM 22 is in the security suite of Debian 12, which a minimal installation may not have configured.
if ! apt-cache policy llvm-22 | grep -q 'Candidate: [^(]'; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' 2>/dev/null | sort -u | head -n 1)
  mirror=${mirror%/}
  if [ "${mirror##*/}" != debian ]; then
    echo "codesign: LLVM 22 is not in the configured package sources." >&2
    echo "Add the bookworm-security suite of Debian 12 to /etc/apt/sources.list.d and run this again." >&2
    exit 1
  fi
  list=/etc/apt/sources.list.d/bookworm-security.list
  line="deb ${mirror}-security bookworm-security main"
  echo "codesign: LLVM 22 is in the bookworm-security suite, which is not configured; adding it in $list:"
  echo "  $line"
  echo "$line" | "${asRoot[@]}" tee "$list" >/dev/null
  "${asRoot[@]}" apt-get update -qq
fi
"${asRoot[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "codesign: packages installed"
