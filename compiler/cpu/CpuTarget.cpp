//===- CpuTarget.cpp - Processors by name ---------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Targets are feature levels. A processor's own name only steers scheduling: two processors of one name may differ in
// what a hypervisor lets through, so features always come as an explicit list.
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/CpuTarget.h"
#include "runtime/CpuFeatures.h"
#include "runtime/abi.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;

namespace ingot {
namespace {

struct Level {
  StringRef name;
  uint64_t bits;
  unsigned vectorBits, registers;
};

// From the lowest to the highest.
constexpr Level x86Levels[] = {
    {"x86-64-v2", INGOT_CPU_X86_64_V2, 128, 16},
    {"x86-64-v3", INGOT_CPU_X86_64_V3, 256, 16},
    {"x86-64-v4", INGOT_CPU_X86_64_V4, 512, 32},
};
constexpr Level armLevels[] = {{"aarch64", INGOT_CPU_NEON, 128, 32}};

ArrayRef<runtime::CpuFeature> knownFeatures() {
  unsigned count;
  const runtime::CpuFeature *table = runtime::cpuFeatureTable(count);
  return {table, count};
}

CpuTarget makeTarget(bool x86, const Level &level, uint64_t bits, StringRef tune) {
  CpuTarget target;
  target.triple = x86 ? "x86_64-unknown-linux-gnu" : "aarch64-unknown-linux-gnu";
  target.cpu = tune.str();
  target.level = level.name.str();
  target.vectorBits = level.vectorBits;
  target.registers = level.registers;
  target.cpuFeatures = bits;
  for (const runtime::CpuFeature &feature : knownFeatures())
    if (bits & feature.bit)
      target.features += (target.features.empty() ? "+" : ",+") + std::string(feature.name);
  if (x86)
    target.features += ",+cx16,+sahf"; // in every level, and without a bit of their own
  return target;
}

} // namespace

CpuTarget hostTarget() {
  bool x86 = Triple(sys::getProcessTriple()).isX86();
  uint64_t bits = runtime::hostCpuFeatures();
  ArrayRef<Level> levels = x86 ? ArrayRef<Level>(x86Levels) : ArrayRef<Level>(armLevels);
  const Level *best = &levels.front();
  for (const Level &level : levels)
    if ((bits & level.bits) == level.bits)
      best = &level;
  return makeTarget(x86, *best, bits | best->bits, sys::getHostCPUName());
}

std::vector<StringRef> targetNames() {
  std::vector<StringRef> names = {"host"};
  for (const Level &level : x86Levels)
    names.push_back(level.name);
  for (const Level &level : armLevels)
    names.push_back(level.name);
  return names;
}

Expected<CpuTarget> parseTarget(StringRef name) {
  if (name == "host")
    return hostTarget();
  for (const Level &level : x86Levels)
    if (name == level.name)
      return makeTarget(/*x86=*/true, level, level.bits, "generic");
  for (const Level &level : armLevels)
    if (name == level.name)
      return makeTarget(/*x86=*/false, level, level.bits, "generic");
  std::string known;
  for (StringRef candidate : targetNames())
    known += (known.empty() ? "" : ", ") + candidate.str();
  return createStringError("unknown target '" + name + "', want one of " + known);
}

bool runsOnHost(const CpuTarget &target) {
  CpuTarget host = hostTarget();
  return Triple(target.triple).getArch() == Triple(host.triple).getArch() &&
         (target.cpuFeatures & ~host.cpuFeatures) == 0;
}

} // namespace ingot
