#!/bin/sh
# Builds everything and runs every test.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

sh tests/setup.sh
. tests/setup/build.sh
build
ctest --test-dir build/release --parallel "${INGOT_JOBS:-$(nproc)}" --output-on-failure
