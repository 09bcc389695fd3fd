#!/bin/sh
# From a trained model to a program that reads a handwritten digit: sh tests/demo.sh [DIGIT]
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
cd "$(dirname "$0")/.."
digit=${1:-3}
model=tests/models/digits
[ -f "$model/digit$digit.npy" ] || { echo "error: '$digit' is not a digit from 0 to 9" >&2; exit 1; }

sh tests/setup.sh
. tests/setup/build.sh
build ingot

out=build/demo
mkdir -p $out
echo
echo '$ ingot compile tests/models/digits/model.onnx -o digits'
build/release/bin/ingot compile $model/model.onnx -o $out/digits
echo
echo "\$ ./digits --input picture=@tests/models/digits/digit$digit.npy --output-dir ."
$out/digits --input picture=@$model/digit$digit.npy --output-dir $out
echo
python3 $model/show.py $model/digit$digit.npy $out/probabilities.npy
