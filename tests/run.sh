#!/bin/sh
# Builds everything and runs every test: sh tests/run.sh [--again]
#
# Tests that passed are not run again for the same sources, programs and processor unless --again asks for it.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."

sh tests/setup.sh
. tests/setup/build.sh
build

passed=build/release/tests-passed
state=$({ git ls-files -z --cached --others --exclude-standard | xargs -0 sha256sum
          find build/release/bin build/release/lib -type f | sort | xargs sha256sum
          grep -m 1 '^flags\|^Features' /proc/cpuinfo; } 2>&1 | sha256sum)
if [ "${1-}" != --again ] && [ -f $passed ] && [ "$(head -n 1 $passed)" = "$state" ]; then
  echo "nothing has changed since these tests passed; sh tests/run.sh --again runs them again"
  tail -n +2 $passed
  exit 0
fi
rm -f $passed
ctest --test-dir build/release --parallel "${INGOT_JOBS:-$(nproc)}" --output-on-failure --output-log $passed.log
{ echo "$state"; grep 'tests passed\|^Total Test time' $passed.log; } > $passed
