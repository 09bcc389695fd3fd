//===- EmitLoopsBody.h - One step of a loop nest ----------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_EMITLOOPSBODY_H
#define INGOT_COMPILER_CPU_EMITLOOPSBODY_H

#include "compiler/cpu/EmitLoops.h"

#include "mlir/IR/IRMapping.h"

namespace ingot::loops {

/// A place in the iteration space: loop variables, and for each operand the element that they lead to.
struct Point {
  llvm::SmallVector<mlir::Value> variables;
  llvm::SmallVector<mlir::Value> addresses;
};

/// How many lanes of a step are real.
struct Lanes {
  unsigned count = 1;    ///< 1: scalar code
  mlir::Value mask = {}; ///< of a partial vector, or null
  mlir::Type of(mlir::Type element) const {
    return count == 1 ? element : mlir::Type(mlir::VectorType::get({int64_t(count)}, element));
  }
};

/// Writes the body of the operation: scalars once, vectors for each column.
class BodyEmitter {
public:
  BodyEmitter(mlir::ImplicitLocOpBuilder &b, Nest &nest, const Schedule &schedule)
      : b(b), nest(nest), schedule(schedule) {}

  /// Makes flat views of the operands here and returns the point at which all variables are 0.
  Point origin();

  /// `point` after `loop` moved on by `variable`.
  Point move(const Point &point, unsigned loop, mlir::Value variable);

  /// What is the same on all lanes at `point`. Hold it for all steps that differ from `point` in the vector loop only.
  mlir::IRMapping emitUniform(const Point &point);

  /// One step on lanes: reads, computes, stores the outputs that are not accumulators. Accumulators are taken from and
  /// returned in `accumulators`, one for each output (null for other outputs). `given` holds operands that are known.
  void emitStep(const mlir::IRMapping &uniform, const Point &point, Lanes lanes,
                llvm::MutableArrayRef<mlir::Value> accumulators,
                const llvm::DenseMap<unsigned, mlir::Value> &given = llvm::DenseMap<unsigned, mlir::Value>());

  /// Operand `index` at `point` on lanes of the vector loop.
  mlir::Value load(unsigned index, const Point &point, Lanes lanes);
  void store(mlir::Value value, unsigned index, const Point &point, Lanes lanes);
  /// `lanes` neighbours along a contiguous loop.
  mlir::Value loadRow(unsigned index, mlir::Value address, unsigned lanes);

private:
  mlir::Value constant(int64_t value);
  mlir::Value laneAddress(unsigned index, mlir::Value address, unsigned lane);
  mlir::Value broadcast(mlir::Value scalar, Lanes lanes);
  mlir::Value emitRowLoad(mlir::Operation *load, llvm::function_ref<mlir::Value(mlir::Value)> scalarOf,
                          llvm::function_ref<mlir::Value(mlir::Value)> vectorOf, Lanes lanes);
  mlir::Value zeroOrOne(mlir::Type type);

  mlir::ImplicitLocOpBuilder &b;
  Nest &nest;
  const Schedule &schedule;
  llvm::SmallVector<mlir::Value> flat; ///< one-dimensional views of the operands
};

} // namespace ingot::loops

#endif // INGOT_COMPILER_CPU_EMITLOOPSBODY_H
