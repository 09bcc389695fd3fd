//===- EmitLoops.h - Loop nests of linalg operations ------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the files EmitLoops*.cpp share. A linalg operation on memrefs becomes a `Nest`: loops, and operands that are
// read at addresses linear in the loop variables. A `Schedule` says which loop runs over the lanes of a vector, and an
// emitter writes the loops.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_EMITLOOPS_H
#define INGOT_COMPILER_CPU_EMITLOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace ingot::loops {

/// One loop: a dimension of the operation, or several that were collapsed into one.
struct Loop {
  mlir::OpFoldResult extent;
  bool reduction;

  /// The number of iterations, where it is known.
  std::optional<int64_t> length() const { return mlir::getConstantIntValue(extent); }
};

/// How one operand moves through memory while the loops run.
struct Access {
  mlir::Value buffer;                            ///< the operand: a memref, or a scalar
  mlir::Type element;                            ///< type of one element
  bool output = false;                           ///< is an operand of `outs`
  llvm::SmallVector<mlir::OpFoldResult> strides; ///< elements to move for a step of each loop; empty for a scalar
  mlir::OpFoldResult start; ///< element at which all loop variables are 0, from the memref's own offset
  mlir::AffineMap map;      ///< set if the address is not linear: then only scalar code can read it

  bool isScalar() const { return !mlir::isa<mlir::MemRefType>(buffer.getType()); }
  /// Whether the address does not depend on `loop`.
  bool isInvariant(unsigned loop) const;
  /// Whether neighbours in `loop` are neighbours in memory.
  bool isContiguous(unsigned loop) const;
};

/// A linalg operation as loops over flat buffers.
struct Nest {
  mlir::linalg::GenericOp op;
  llvm::SmallVector<Loop> loops;
  llvm::SmallVector<Access> accesses; ///< one for each operand, in order
  llvm::SmallVector<int> loopOfDim;   ///< loop that runs over a dimension of the operation; -1 if its size is 1
  bool linear = true;                 ///< all addresses are linear

  mlir::Block &body() { return op.getRegion().front(); }
  /// Whether `access` is an output that keeps one value over all reduction loops.
  bool isAccumulator(const Access &access) const;
};

/// Reads the operation's loops and addresses; creates sizes and strides that are not constants with `b`. Loops that all
/// operands see as one are collapsed.
Nest buildNest(mlir::ImplicitLocOpBuilder &b, mlir::linalg::GenericOp op);

/// Makes the linalg ops on buffers in `function` generic ones; an op that has no such form stays and is returned.
mlir::Operation *generalizeNamedOps(mlir::FunctionOpInterface function);

/// How many chunks a loop is worth that moves so many bytes and does so many operations: each has at least 32 KB or 64k
/// operations, and there are at most 64. It is a function of sizes alone, so that results do not depend on threads.
int64_t countChunks(double bytes, double operations);

/// What a value of the body is on the lanes of a vector.
enum class Lane {
  Uniform,    ///< the same on all lanes: stays a scalar
  Contiguous, ///< an index that grows by one from lane to lane: stays a scalar, that of lane 0
  Varying     ///< a vector
};

/// The result of looking at the body with `vectorLoop` as lanes.
struct BodyInfo {
  bool feasible = true;    ///< every varying operation has a vector form
  bool maskable = true;    ///< a partial vector can be done under a mask
  unsigned widestBits = 8; ///< of a varying value
  double cost = 0;         ///< arithmetic for a vector
  llvm::DenseMap<mlir::Value, Lane> lanes;
};

BodyInfo analyzeBody(Nest &nest, int vectorLoop);

/// The operation that folds values into output `index` over the reduction, or null.
mlir::Operation *findCombiner(Nest &nest, unsigned index);

/// What the target offers.
struct Machine {
  unsigned vectorBits = 256;
  unsigned registers = 16;
  bool parallel = true;
};

/// The decisions about one nest.
struct Schedule {
  int vectorLoop = -1;                    ///< loop on the lanes of vectors, or -1: scalar code
  int transposeLoop = -1;                 ///< loop along which the operands of `transposed` are read, in square tiles
  llvm::SmallVector<unsigned> transposed; ///< operands that are contiguous along `transposeLoop` only
  unsigned lanes = 1;
  unsigned columns = 1;                   ///< vectors side by side
  llvm::SmallVector<unsigned> parallel;   ///< other parallel loops, outermost first
  llvm::SmallVector<unsigned> reductions; ///< other reduction loops, outermost first
  int chunkLoop = -1;                     ///< parallel loop that is cut into chunks for threads
  int64_t chunks = 1, chunkSize = 0;
  BodyInfo body;
};

Schedule chooseSchedule(Nest &nest, const Machine &machine);

/// Writes the loops before the operation, which the caller then erases.
void emitNest(mlir::ImplicitLocOpBuilder &b, Nest &nest, const Schedule &schedule);

/// The transpose of the square that `rows` form.
llvm::SmallVector<mlir::Value> transposeSquare(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange rows);

} // namespace ingot::loops

#endif // INGOT_COMPILER_CPU_EMITLOOPS_H
