#!/bin/sh
# Builds the official ONNX C++ library once, outside the checkout, for the importer.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Debian's own libonnx is too old, and the source package on PyPI is the only release form. Does nothing when the
# install is complete. INGOT_CACHE moves the cache folder, INGOT_JOBS sets the number of compilers at once.
set -eu

version=1.23.2
sha256=008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8
cache=${INGOT_CACHE:-$HOME/.cache/ingot}
prefix=$cache/onnx-$version
jobs=${INGOT_JOBS:-$(nproc)}

[ -e "$prefix/.complete" ] && exit 0
echo "building the ONNX library $version in $prefix (once, some minutes)" >&2

mkdir -p "$cache"
work=$(mktemp -d "$cache/onnx-build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

sdist=$work/onnx-$version.tar.gz
if [ -n "${INGOT_ONNX_SDIST:-}" ]; then
  cp "$INGOT_ONNX_SDIST" "$sdist"
else
  # Only this package from source: ":all:" would build the build tools too, and fail.
  python3 -m pip download --quiet --disable-pip-version-check --no-binary onnx --no-deps --dest "$work" "onnx==$version"
fi
echo "$sha256  $sdist" | sha256sum --check --quiet -

tar -xzf "$sdist" -C "$work"
source=$work/onnx-$version
# Debian 12 has CMake 3.25, and nothing in the file needs more.
sed -i 's/cmake_minimum_required(VERSION 3.26)/cmake_minimum_required(VERSION 3.25)/' "$source/CMakeLists.txt"

# Static, so that ingot is one file; position-independent, because the Python module links it too.
CC=clang-22 CXX=clang++-22 cmake -G Ninja -S "$source" -B "$work/build" \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_CXX_STANDARD=17 \
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF \
  -DONNX_BUILD_PYTHON=OFF -DONNX_ML=ON -DONNX_USE_UNITY_BUILD=ON -DONNX_USE_PROTOBUF_SHARED_LIBS=ON >"$work/cmake.log" 2>&1 ||
  { cat "$work/cmake.log" >&2; exit 1; }
rm -rf "$prefix"
if ! ninja -C "$work/build" -j "$jobs" install >"$work/ninja.log" 2>&1; then
  tail -n 60 "$work/ninja.log" >&2
  exit 1
fi
touch "$prefix/.complete"
