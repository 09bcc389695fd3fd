# faults.sh NAME=VALUE COMMAND...: runs the command with inputs for faults.mlir that meet no fault, but for one.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
bad=$1
shift
for input in a=100 b=-7 x=iota rows=3,-4 places=2,0,-3,-1 tuples=3,-1 into=-4,2 over=0,3,-1 u=50 v=60,61,62 \
  bytes=250,9 by=5; do
  [ "${input%%=*}" != "${bad%%=*}" ] || input=$bad
  set -- "$@" --input "$input"
done
exec "$@"
