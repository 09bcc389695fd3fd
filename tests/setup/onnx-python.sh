#!/bin/sh
# Installs ONNX's Python package once, outside the checkout: it generates the operators' backend tests.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Does nothing when the install is complete. INGOT_CACHE moves the cache folder; tests/backend/CMakeLists.txt looks there.
set -eu

version=1.23.2
prefix=${INGOT_CACHE:-$HOME/.cache/ingot}/onnx-python-$version

[ -e "$prefix/.complete" ] && exit 0
echo "installing ONNX's Python package $version in $prefix (once)" >&2
rm -rf "$prefix"
mkdir -p "$prefix"
# Pillow is for the tests of ImageDecoder, which are among those counted.
python3 -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action ignore \
  --target "$prefix" "onnx==$version" numpy pillow || {
  rm -rf "$prefix"
  exit 1
}
touch "$prefix/.complete"
