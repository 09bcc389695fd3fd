#===- lit.cfg.py - How lit runs the IR tests ------------------------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
import os

import lit.formats

config.name = "ingot"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
# The zoo and the models are data, and `Inputs` folders hold what tests read.
config.excludes = ["Inputs", "zoo", "models"]

config.environment["PATH"] = os.pathsep.join([config.ingot_tools, config.llvm_tools, os.environ["PATH"]])
config.substitutions.append(("%project", config.project))
config.substitutions.append(("%zoo", os.path.join(config.test_source_root, "zoo")))
config.substitutions.append(("%models", os.path.join(config.test_source_root, "models")))
config.substitutions.append(("%libs", config.ingot_libs))

# For REQUIRES lines.
config.available_features.add(config.processor)
if config.benchmarks:
    config.available_features.add("benchmarks")
# Runs a command and demands an exit code: %exits 2 ingot ...
config.substitutions.append(("%exits", "sh " + os.path.join(config.test_source_root, "cli/Inputs/exits.sh")))
