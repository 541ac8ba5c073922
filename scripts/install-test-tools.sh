#!/usr/bin/env bash
# Installs the system packages that the tests need, on Debian and its relatives. May be run again at any time: what is
# already there is left alone.
set -euo pipefail

# package : what the tests use it for
packages=(
  "chromium:the browser tests, and SwiftShader, the software WebGPU device of the Node tests"
  "libvulkan1:the Vulkan loader through which the Node engine finds SwiftShader"
  "openmpi-bin:mpirun and the MPI library, for the tests of training with many processes"
)

installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  {
    echo "install-test-tools: this system has no apt-get. Install by other means:"
    printf '  %s\n' "${packages[@]/:/ for }"
    echo "Without them the tests concerned are skipped, or fail where CI=true is set."
  } >&2
  exit 1
fi

missing=()
for entry in "${packages[@]}"; do
  installed "${entry%%:*}" || missing+=("${entry%%:*}")
done

if ((${#missing[@]} == 0)); then
  echo "install-test-tools: nothing to install"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "install-test-tools: to install ${missing[*]}, run this script as root or install sudo" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "install-test-tools: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update --quiet --quiet </dev/null
"${as_root[@]}" apt-get install --yes --quiet -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}" </dev/null
