//===- EmitBrgemm.h - What the emitters of kernel ops share ---------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_EMITBRGEMM_H
#define INGOT_COMPILER_CPU_EMITBRGEMM_H

#include "compiler/cpu/KernelShapes.h"
#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot {

/// A memref taken apart: the address of its first element and its strides, in logical order.
struct View {
  mlir::Value memref, pointer;
  llvm::SmallVector<mlir::Value, 4> strides;
  llvm::SmallVector<int64_t, 4> staticStrides, shape, dims;
  mlir::Type element;
};

/// Builds loops, addresses and memory accesses. Indices are i64 and count elements.
class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  /// Builds before `op`, at its location.
  explicit KernelBuilder(mlir::Operation *op) : ImplicitLocOpBuilder(op->getLoc(), op) {}

  mlir::Value constant(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b) { return b == 0 ? a : add(a, constant(b)); }
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b) { return mul(a, constant(b)); }
  mlir::Value div(mlir::Value a, mlir::Value b);
  mlir::Value rem(mlir::Value a, mlir::Value b);
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value max(mlir::Value a, mlir::Value b);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);

  /// Size `dim` of `memref` as i64.
  mlir::Value size(mlir::Value memref, int64_t dim);
  /// Takes `memref` apart; dims[i] is the physical place of logical dimension i.
  View view(mlir::Value memref, llvm::ArrayRef<int64_t> dims);
  mlir::Value advance(mlir::Value pointer, mlir::Value elements, mlir::Type element);
  mlir::Value advance(mlir::Value pointer, int64_t elements, mlir::Type element);

  /// Loads `type` (a vector or scalar in storage type) and extends it to the type that is computed in. Lanes that
  /// `mask` excludes are zero.
  mlir::Value load(mlir::Type type, mlir::Value pointer, mlir::Value mask = {});
  /// Rounds `value` to elements of type `element` and stores those that `mask` includes.
  void store(mlir::Value value, mlir::Value pointer, mlir::Type element, mlir::Value mask = {});
  /// The mask of the first `active` lanes, or no value where that is all of them.
  mlir::Value laneMask(int64_t lanes, int64_t active);
  mlir::Value zeros(int64_t lanes, mlir::Type element);

  /// for (i = from; i < to; i += step) carried = body(i, carried). A loop that is known to run once is not built, and
  /// one that cannot run builds nothing.
  llvm::SmallVector<mlir::Value>
  loop(mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange carried,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)> body);
  void loop(mlir::Value from, mlir::Value to, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  /// Runs `then` where `condition` holds and `otherwise` where it does not.
  void choose(mlir::Value condition, llvm::function_ref<void()> then, llvm::function_ref<void()> otherwise);
  /// Runs body(chunk) for each of `count` chunks, in any order and at the same time where `count` is not one.
  void chunks(int64_t count, llvm::function_ref<void(mlir::Value)> body);
  /// Pieces `piece` of `count` nearly equal ones of [0, size).
  std::pair<mlir::Value, mlir::Value> range(mlir::Value size, mlir::Value piece, int64_t count);
  /// Room for `count` elements on the stack, reserved once for each function or chunk.
  mlir::Value reserve(int64_t count, mlir::Type element);
};

/// The constant value of `value`, if it is one.
std::optional<int64_t> constantOf(mlir::Value value);

/// The epilogue of a kernel op on vectors: reads the extra operands, clones the region and stores.
class Epilogue {
public:
  /// Place of each extra operand for one setting of the loops outside of a tile.
  struct Position {
    mlir::Value output;                    ///< address of the tile's first element
    llvm::SmallVector<mlir::Value> extras; ///< the same of each extra operand
  };

  Epilogue(mlir::Region &region, mlir::Type outputElement, int64_t lanes);

  /// How a row's address follows from its number, and whether an extra operand has all columns.
  struct Steps {
    mlir::Value output;
    llvm::SmallVector<mlir::Value> extras;
    llvm::SmallVector<bool> wide;
    llvm::SmallVector<mlir::Type> elements;
  };

  /// Stores `rows` x `masks.size()` accumulators (row-major). `firstColumns[v]` is the column of vector v. With
  /// `validRows`, only that many rows are stored.
  void emit(KernelBuilder &b, const Position &position, const Steps &steps, mlir::ValueRange accumulators,
            llvm::ArrayRef<int64_t> columns, llvm::ArrayRef<mlir::Value> masks, mlir::Value scratch,
            mlir::Value validRows = {});

  /// Whether `emit` goes through memory (and needs scratch) rather than clone the region for each row.
  bool isLong() const { return longRegion; }

private:
  mlir::Value apply(KernelBuilder &b, llvm::SmallVector<mlir::Value> arguments);
  void emitRow(KernelBuilder &b, const Position &position, const Steps &steps, mlir::Value row,
               mlir::ValueRange accumulators, llvm::ArrayRef<int64_t> columns, llvm::ArrayRef<mlir::Value> masks,
               llvm::ArrayRef<llvm::SmallVector<mlir::Value>> shared);
  mlir::Value loadExtra(KernelBuilder &b, const Steps &steps, unsigned extra, mlir::Value pointer, int64_t column,
                        mlir::Value mask);

  mlir::Block &body;
  mlir::Type outputElement;
  int64_t lanes;
  bool longRegion;
};

void emitBrgemm(kernel::BrgemmOp op, const CpuTarget &target, bool parallel);
void emitDepthwise(kernel::DepthwiseOp op, const CpuTarget &target, bool parallel);
void emitPack(kernel::PackOp op, const CpuTarget &target, bool parallel);

} // namespace ingot

#endif // INGOT_COMPILER_CPU_EMITBRGEMM_H
