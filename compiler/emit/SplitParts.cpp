//===- SplitParts.cpp - Dividing a module among threads -------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/SplitParts.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Instructions.h"
#include <map>
#include <tuple>

using namespace llvm;

namespace ingot {

/// The functions and exported variables that mention `function`, through constants as well.
static void findUsers(const Value &value, SmallSetVector<const GlobalValue *, 4> &users) {
  for (const User *user : value.users()) {
    if (auto *instruction = dyn_cast<Instruction>(user))
      users.insert(instruction->getFunction());
    else if (auto *global = dyn_cast<GlobalValue>(user))
      users.insert(global);
    else
      findUsers(*user, users);
  }
}

StringMap<unsigned> assignParts(const Module &module, unsigned parts) {
  std::string main = module.getModuleIdentifier() + ".main";
  EquivalenceClasses<const Function *> clusters;
  for (const Function &function : module) {
    if (function.isDeclaration())
      continue;
    clusters.insert(&function);
    SmallSetVector<const GlobalValue *, 4> users;
    findUsers(function, users);
    // Everything hangs on @main and the entry: what only they use is a unit of its own.
    if (users.size() == 1)
      if (auto *user = dyn_cast<Function>(users.front());
          user && (user->getName() != main || function.getInstructionCount() < 16))
        clusters.unionSets(&function, user);
  }
  // Larger clusters first, each to the part that has the least: ties go by order in the module, so that the same model
  // gives the same program.
  struct Cluster {
    SmallVector<const Function *> functions;
    uint64_t size = 0;
    bool first = false;
  };
  std::map<const Function *, unsigned> index;
  std::vector<Cluster> list;
  for (const Function &function : module) {
    if (function.isDeclaration())
      continue;
    auto [it, isNew] = index.try_emplace(clusters.getLeaderValue(&function), list.size());
    if (isNew)
      list.emplace_back();
    Cluster &cluster = list[it->second];
    cluster.functions.push_back(&function);
    cluster.size += function.getInstructionCount();
    cluster.first |= !function.hasLocalLinkage() || function.getName() == main;
  }
  SmallVector<const Cluster *> order;
  for (const Cluster &cluster : list)
    order.push_back(&cluster);
  llvm::sort(order, [&](const Cluster *a, const Cluster *b) {
    return std::tuple(!a->first, ~a->size, a - list.data()) < std::tuple(!b->first, ~b->size, b - list.data());
  });
  std::vector<uint64_t> load(parts);
  StringMap<unsigned> partOf;
  for (const Cluster *cluster : order) {
    unsigned part = cluster->first ? 0 : llvm::min_element(load) - load.begin();
    load[part] += cluster->size;
    for (const Function *function : cluster->functions)
      partOf[function->getName()] = part;
  }
  return partOf;
}

void keepPart(Module &module, const StringMap<unsigned> &partOf, unsigned part) {
  // A function that another part needs becomes a hidden symbol; whether one does is not worth finding out exactly.
  StringMap<bool> shared;
  for (Function &function : module) {
    auto found = partOf.find(function.getName());
    if (found == partOf.end() || !function.hasLocalLinkage())
      continue;
    SmallSetVector<const GlobalValue *, 4> users;
    findUsers(function, users);
    shared[function.getName()] = llvm::any_of(users, [&](const GlobalValue *user) {
      auto other = partOf.find(user->getName());
      return (other == partOf.end() ? 0 : other->second) != found->second;
    });
  }
  for (Function &function : llvm::make_early_inc_range(module)) {
    auto found = partOf.find(function.getName());
    if (found == partOf.end())
      continue;
    if (shared.lookup(function.getName())) {
      function.setLinkage(GlobalValue::ExternalLinkage);
      function.setVisibility(GlobalValue::HiddenVisibility);
    }
    if (found->second == part)
      continue;
    bool local = function.hasLocalLinkage();
    function.deleteBody();
    function.setComdat(nullptr);
    if (local)
      function.setLinkage(GlobalValue::ExternalLinkage); // nobody here uses it
  }
  for (GlobalVariable &variable : llvm::make_early_inc_range(module.globals()))
    if (part != 0 && !variable.hasLocalLinkage() && !variable.isDeclaration()) {
      variable.setInitializer(nullptr);
      variable.setLinkage(GlobalValue::ExternalLinkage);
      variable.setVisibility(GlobalValue::HiddenVisibility);
    }
  for (Function &function : llvm::make_early_inc_range(module))
    if (function.isDeclaration() && function.use_empty())
      function.eraseFromParent();
}

} // namespace ingot
