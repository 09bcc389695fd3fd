//===- Specialize.h - Models with open dimensions, in this process -*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model is compiled for the calls that it meets: for the sizes of their inputs where it leaves dimensions open, and
// for the elements of inputs that its shapes or attributes depend on. What was compiled is kept for the next time.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_SPECIALIZE_H
#define INGOT_COMPILER_SPECIALIZE_H

#include "compiler/Compiler.h"
#include "dialects/ingot/InputInfo.h"
#include "mlir/IR/MLIRContext.h"
#include <list>
#include <set>

namespace ingot {

/// Values of named dimensions.
using Dims = std::map<std::string, int64_t>;

/// What the function @main of `module` says of its inputs.
llvm::Expected<std::vector<InputInfo>> readInputs(mlir::ModuleOp module);

/// Gives open dimensions of @main their values; the sizes inside follow.
llvm::Error bindDims(mlir::ModuleOp module, const Dims &dims);

/// Fails, with all of them and what to do, where dimensions are open that `dims` does not have; and where it has one
/// that the inputs do not.
llvm::Error requireDims(llvm::ArrayRef<InputInfo> inputs, const Dims &dims);

/// An input of a call, or only its sizes.
struct CallInput {
  llvm::ArrayRef<int64_t> sizes;
  llvm::ArrayRef<char> bytes; ///< its elements in the form of a weight
  uint32_t dtype = 0;         ///< 0: that of the input
};

/// The values of the open dimensions, from the types of the inputs of a call. Fails where they contradict the model or
/// one another.
llvm::Expected<Dims> matchDims(llvm::ArrayRef<InputInfo> inputs, llvm::ArrayRef<CallInput> call);

/// What a variant of a model is compiled for.
struct Variant {
  Dims dims;                              ///< values of open dimensions
  std::map<unsigned, std::string> values; ///< elements of inputs that it depends on, by the inputs' places
  bool operator==(const Variant &other) const = default;
};

/// What was compiled, by key. What was not asked for the longest goes when there is more than `capacity`; whoever still
/// uses it keeps it.
template <typename T> class CompiledCache {
public:
  explicit CompiledCache(size_t capacity = 8) : capacity(std::max<size_t>(capacity, 1)) {}

  std::shared_ptr<T> lookup(llvm::StringRef key) {
    for (auto entry = entries.begin(); entry != entries.end(); ++entry)
      if (entry->first == key) {
        entries.splice(entries.begin(), entries, entry);
        return entry->second;
      }
    return nullptr;
  }
  void insert(llvm::StringRef key, std::shared_ptr<T> compiled) {
    entries.emplace_front(key.str(), std::move(compiled));
    if (entries.size() > capacity)
      entries.pop_back();
  }
  size_t size() const { return entries.size(); }

private:
  size_t capacity;
  std::list<std::pair<std::string, std::shared_ptr<T>>> entries; ///< the latest first
};
using JitCache = CompiledCache<JitModel>;

/// " N=4 M=2", as a part of a key.
std::string textOf(const Dims &dims);

/// A model that is compiled once its inputs are seen. Bounds of dimensions (`options.ranges`) are limits here.
class OpenModel {
public:
  /// `options.dims` may bind some dimensions for good. Models may share a `cache`; without one this has its own.
  static llvm::Expected<OpenModel> open(const std::string &path, const Options &options,
                                        std::shared_ptr<JitCache> cache = nullptr);
  /// Keeps a copy of `module`, whose context must outlive this.
  static llvm::Expected<OpenModel> open(mlir::ModuleOp module, const Options &options,
                                        std::shared_ptr<JitCache> cache = nullptr);

  const std::vector<InputInfo> &inputs() const { return signature; }
  /// The variant that a call needs, as far as loading has told. A dimension with bounds has a value only if `bindsAll`.
  llvm::Expected<Variant> match(llvm::ArrayRef<CallInput> call, bool bindsAll = true) const;
  /// Reads the model as `variant`, which takes from `call` the elements that turn out to be needed. `context` is that
  /// of a model in memory.
  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> load(mlir::MLIRContext &context, Variant &variant,
                                                         llvm::ArrayRef<CallInput> call);
  /// The model compiled for a call, into this process.
  llvm::Expected<std::shared_ptr<JitModel>> specialize(llvm::ArrayRef<CallInput> call);

private:
  OpenModel(const Options &options, std::shared_ptr<JitCache> cache)
      : options(options), cache(cache ? std::move(cache) : std::make_shared<JitCache>()) {}
  std::string keyOf(const Variant &variant) const;

  Options options;
  std::vector<InputInfo> signature;
  std::string path;                           ///< of a model in a file
  mlir::OwningOpRef<mlir::ModuleOp> original; ///< of one in memory
  std::string identity;                       ///< a hash of the model, the target and the options
  std::set<unsigned> wanted;                  ///< inputs whose elements variants depend on, as far as is known
  std::shared_ptr<JitCache> cache;
};

} // namespace ingot

#endif // INGOT_COMPILER_SPECIALIZE_H
