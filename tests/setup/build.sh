# build [TARGET...]: configures the release preset where that is still to do, and builds. Read by demo.sh and run.sh.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

build() {
  mkdir -p build
  if ! cmake --preset release >build/configure.log 2>&1; then
    cat build/configure.log >&2
    return 1
  fi
  cmake --build --preset release --parallel "${INGOT_JOBS:-$(nproc)}" ${1:+--target "$@"}
}
