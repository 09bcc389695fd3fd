# exits.sh CODE COMMAND...: runs the command, demands this exit code, and passes on everything that it prints.
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
want=$1
shift
"$@" 2>&1
got=$?
[ $got -eq "$want" ] || { echo "exit code $got, want $want"; exit 1; }
