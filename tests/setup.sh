#!/bin/sh
# Installs what Ingot is built and tested with, and does nothing when it is all there.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
here=$(cd "$(dirname "$0")" && pwd)

# What every build needs.
needed="ca-certificates ccache clang-22 cmake g++ libbenchmark-dev libclang-rt-22-dev libcli11-dev libgmock-dev
  libgtest-dev liblld-22-dev libmlir-22-dev libprotobuf-dev lld-22 llvm-22-dev llvm-22-tools mlir-22-tools ninja-build
  protobuf-compiler python3 python3-pip zlib1g-dev"
# What only programs for the other processor need: without it they are not built, and their tests say so.
cross="g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
missing() {
  for package; do
    installed "$package" || printf '%s ' "$package"
  done
}
available() { LC_ALL=C apt-cache policy "$1" 2>/dev/null | grep -q '^  Candidate: [^(]'; }
fail() {
  echo "error: $*" >&2
  exit 1
}

command -v apt-get >/dev/null || fail "this script installs Debian packages, and found no apt-get"
wanted=$(missing $needed)
optional=$(missing $cross)
if [ -n "$wanted$optional" ]; then
  [ -z "$wanted" ] || [ "$(id -u)" = 0 ] || fail "run as root: these packages are missing: $wanted"
  if [ "$(id -u)" = 0 ]; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    apt-get update >"$log" 2>&1 || echo "warning: apt-get update: $(tail -n 1 "$log")" >&2
    for package in $wanted; do
      available "$package" ||
        fail "no package source offers $package; LLVM 22 comes with Debian 12's security suite: is it among the sources?"
    done
    for package in $optional; do
      available "$package" && wanted="$wanted$package " || echo "no $package here: aarch64 programs are left out" >&2
    done
    [ -z "$wanted" ] || echo "installing $wanted" >&2
    # A download that broke off is kept, so a second try finishes it.
    export DEBIAN_FRONTEND=noninteractive
    [ -z "$wanted" ] || apt-get install -y --no-install-recommends $wanted >"$log" 2>&1 ||
      apt-get install -y --no-install-recommends $wanted >"$log" 2>&1 || {
      tail -n 20 "$log" >&2
      fail "apt-get could not install the packages"
    }
  fi
fi

sh "$here/setup/onnx.sh"
# Without it the tests that need it are skipped.
sh "$here/setup/onnx-python.sh" || echo "no Python package of ONNX: its backend tests are left out" >&2
