//===- EmitLoopsSchedule.cpp - Which loop is the vector, and in what order --===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every loop is tried as the lanes of a vector, the cost of one iteration is estimated, and the cheapest wins. All of
// it is a function of shapes, types and the instruction set, so that a value never depends on the number of threads.
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitLoops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ingot::loops {
namespace {

unsigned bitsOf(Type type) { return type.isIndex() ? 64 : type.getIntOrFloatBitWidth(); }

/// A mathematical function becomes some twenty operations.
double costOf(Operation *op) { return isa_and_nonnull<math::MathDialect>(op->getDialect()) ? 16 : 1; }

/// Integer division faults on a zero, which a lane that is masked off may hold.
bool mayFault(Operation *op) {
  return isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp, arith::CeilDivSIOp, arith::CeilDivUIOp,
             arith::FloorDivSIOp>(op) &&
         !getConstantIntValue(op->getOperand(1)).value_or(0);
}

Lane laneOfLoad(memref::LoadOp load, BodyInfo &info, llvm::function_ref<Lane(Value)> laneOf) {
  Lane result = Lane::Uniform;
  for (auto [position, index] : llvm::enumerate(load.getIndices())) {
    Lane lane = laneOf(index);
    if (lane == Lane::Uniform)
      continue;
    bool isRow = lane == Lane::Contiguous && position + 1 == load.getIndices().size() && result == Lane::Uniform &&
                 load.getMemRefType().isLastDimUnitStride();
    if (!isRow) {
      // One scalar load a lane; a lane that is masked off would read anywhere.
      info.maskable = false;
      info.cost += 16;
    }
    result = Lane::Varying;
  }
  return result;
}

} // namespace

BodyInfo analyzeBody(Nest &nest, int vectorLoop) {
  BodyInfo info;
  auto laneOf = [&](Value value) {
    auto found = info.lanes.find(value);
    return found == info.lanes.end() ? Lane::Uniform : found->second; // captured from above
  };
  auto varies = [&](Value value) {
    info.lanes[value] = Lane::Varying;
    Type type = value.getType();
    if (!type.isIntOrIndexOrFloat()) {
      info.feasible = false;
      return;
    }
    if (!type.isInteger(1))
      info.widestBits = std::max(info.widestBits, bitsOf(type));
  };
  for (auto [access, argument] : llvm::zip(nest.accesses, nest.body().getArguments())) {
    if (vectorLoop < 0 || (access.isInvariant(vectorLoop) && !nest.isAccumulator(access))) {
      info.lanes[argument] = Lane::Uniform;
      continue;
    }
    varies(argument);
    // Masked loads exist for elements of 32 and 64 bits only.
    if (bitsOf(access.element) < 32)
      info.maskable = false;
  }
  for (Operation &op : nest.body().without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      info.lanes[index] =
          vectorLoop >= 0 && nest.loopOfDim[index.getDim()] == vectorLoop ? Lane::Contiguous : Lane::Uniform;
      continue;
    }
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      Lane lane = laneOfLoad(load, info, laneOf);
      info.lanes[load] = lane;
      if (lane == Lane::Varying) {
        varies(load);
        info.cost += 1;
        if (bitsOf(load.getType()) < 32)
          info.maskable = false;
      }
      continue;
    }
    bool anyContiguous = llvm::any_of(op.getOperands(), [&](Value v) { return laneOf(v) == Lane::Contiguous; });
    bool anyVarying = llvm::any_of(op.getOperands(), [&](Value v) { return laneOf(v) == Lane::Varying; });
    if (!anyContiguous && !anyVarying) {
      if (vectorLoop >= 0 && !isMemoryEffectFree(&op))
        info.feasible = false;
      for (Value result : op.getResults())
        info.lanes[result] = Lane::Uniform;
      continue;
    }
    bool shifts = isa<arith::AddIOp>(op) || (isa<arith::SubIOp>(op) && laneOf(op.getOperand(1)) == Lane::Uniform) ||
                  isa<arith::IndexCastOp>(op);
    unsigned contiguous = llvm::count_if(op.getOperands(), [&](Value v) { return laneOf(v) == Lane::Contiguous; });
    if (!anyVarying && shifts && contiguous == 1) {
      info.lanes[op.getResult(0)] = Lane::Contiguous;
      continue;
    }
    if (!OpTrait::hasElementwiseMappableTraits(&op) || op.getNumRegions() || mayFault(&op))
      info.feasible = false;
    for (Value operand : op.getOperands())
      if (laneOf(operand) == Lane::Contiguous)
        info.widestBits = std::max(info.widestBits, bitsOf(operand.getType()));
    for (Value result : op.getResults())
      varies(result);
    info.cost += costOf(&op);
  }
  for (Value yielded : nest.body().getTerminator()->getOperands())
    if (laneOf(yielded) == Lane::Contiguous)
      info.widestBits = std::max(info.widestBits, bitsOf(yielded.getType()));
  return info;
}

Operation *findCombiner(Nest &nest, unsigned index) {
  Value argument = nest.op.getRegionOutputArgs()[index];
  Value yielded = nest.body().getTerminator()->getOperand(index);
  Operation *combiner = yielded.getDefiningOp();
  if (!combiner || combiner->getBlock() != &nest.body() || combiner->getNumOperands() != 2 || !argument.hasOneUse() ||
      *argument.user_begin() != combiner || !yielded.hasOneUse() || !arith::getNeutralElement(combiner))
    return nullptr;
  return combiner;
}

namespace {

/// The loops are ordered so that the first operand's memory is walked forwards.
void sortByStride(SmallVectorImpl<unsigned> &loops, const Access &access) {
  if (access.isScalar() || access.map)
    return;
  // A stride that is not known is that of an outer dimension.
  auto strideOf = [&](unsigned loop) {
    return getConstantIntValue(access.strides[loop]).value_or(std::numeric_limits<int64_t>::max());
  };
  llvm::sort(loops, [&](unsigned left, unsigned right) {
    return std::pair(-strideOf(left), left) < std::pair(-strideOf(right), right);
  });
}

/// A length to compare with where the shape is open.
int64_t assumedLength(const Loop &loop) { return loop.length().value_or(1024); }

class Scheduler {
public:
  Scheduler(Nest &nest, const Machine &machine) : nest(nest), machine(machine) {}

  Schedule choose() {
    Schedule best;
    best.body = analyzeBody(nest, -1);
    double bestCost = scalarCost();
    for (unsigned loop = 0; nest.linear && loop < nest.loops.size(); ++loop) {
      Schedule candidate;
      if (std::optional<double> cost = tryVector(loop, candidate); cost && *cost < bestCost) {
        bestCost = *cost;
        best = std::move(candidate);
      }
    }
    orderLoops(best);
    chooseColumns(best);
    chooseChunks(best);
    return best;
  }

private:
  double scalarCost() {
    double cost = nest.accesses.size();
    for (Operation &op : nest.body().without_terminator())
      cost += costOf(&op);
    return cost;
  }

  /// Cost of an iteration with `loop` on the lanes, or nothing if that cannot be done.
  std::optional<double> tryVector(unsigned loop, Schedule &schedule) {
    bool reduces = nest.loops[loop].reduction;
    for (auto [index, access] : llvm::enumerate(ArrayRef(nest.accesses).take_back(nest.op.getNumDpsInits()))) {
      if (reduces && nest.isAccumulator(access)) {
        if (!findCombiner(nest, index))
          return std::nullopt;
      } else if (access.isInvariant(loop)) {
        return std::nullopt;
      }
    }
    schedule.body = analyzeBody(nest, loop);
    if (!schedule.body.feasible)
      return std::nullopt;
    unsigned lanes = machine.vectorBits / schedule.body.widestBits;
    if (lanes < 2)
      return std::nullopt;
    schedule.vectorLoop = loop;

    int64_t length = assumedLength(nest.loops[loop]);
    double cost = schedule.body.cost;
    bool hasReduction = llvm::any_of(nest.loops, [](const Loop &other) { return other.reduction; });
    for (auto [index, access] : llvm::enumerate(nest.accesses)) {
      if (access.isInvariant(loop)) {
        cost += 0.5;
      } else if (nest.isAccumulator(access) && hasReduction) {
        cost += access.isContiguous(loop) ? 0 : 0.5;
      } else if (access.isContiguous(loop)) {
        cost += 1;
      } else if (int other = hasReduction ? -1 : findTransposeLoop(loop, access, lanes);
                 other >= 0 && !access.output && (schedule.transposeLoop < 0 || schedule.transposeLoop == other)) {
        schedule.transposeLoop = other;
        schedule.transposed.push_back(index);
        lanes = std::min(lanes, 8u);
        cost += 3;
      } else {
        cost += 2 * lanes;
        schedule.body.maskable = false;
      }
    }
    if (schedule.transposeLoop >= 0)
      schedule.body.maskable = false;
    schedule.lanes = lanes;
    double vectors = double(length / lanes) + (length % lanes ? (schedule.body.maskable ? 1.0 : length % lanes) : 0.0);
    double overhead = reduces ? 4.0 + 2 * llvm::Log2_32(lanes) : 0.0;
    return (cost * vectors + overhead) / double(std::max<int64_t>(length, 1));
  }

  /// A parallel loop along which `access` is contiguous while `loop` strides through it.
  int findTransposeLoop(unsigned loop, const Access &access, unsigned lanes) {
    if (nest.loops[loop].length().value_or(0) < std::min<int64_t>(lanes, 8))
      return -1;
    for (auto [index, other] : llvm::enumerate(nest.loops))
      if (index != loop && !other.reduction && access.isContiguous(index) &&
          other.length().value_or(0) >= std::min<int64_t>(lanes, 8))
        return index;
    return -1;
  }

  void orderLoops(Schedule &schedule) {
    for (auto [index, loop] : llvm::enumerate(nest.loops))
      if (int(index) != schedule.vectorLoop)
        (loop.reduction ? schedule.reductions : schedule.parallel).push_back(index);
    sortByStride(schedule.parallel, nest.accesses.back());
    sortByStride(schedule.reductions, nest.accesses.front());
  }

  void chooseColumns(Schedule &schedule) {
    if (schedule.vectorLoop < 0 || schedule.transposeLoop >= 0)
      return;
    unsigned limit = schedule.body.cost > 40 ? 1 : schedule.body.cost > 12 ? 2 : 4;
    bool hasReduction = nest.loops[schedule.vectorLoop].reduction || !schedule.reductions.empty();
    if (!hasReduction)
      limit = std::min(limit, 2u);
    while (limit * nest.op.getNumDpsInits() > machine.registers / 2 && limit > 1)
      limit /= 2;
    int64_t length = assumedLength(nest.loops[schedule.vectorLoop]);
    while (limit > 1 && length < int64_t(limit) * schedule.lanes)
      limit /= 2;
    schedule.columns = limit;
  }

  /// Cuts one parallel loop into chunks.
  void chooseChunks(Schedule &schedule) {
    if (!machine.parallel || nest.op->getParentOfType<scf::ForallOp>())
      return;
    double iterations = 1;
    for (const Loop &loop : nest.loops) {
      if (!loop.length())
        return;
      iterations *= double(*loop.length());
    }
    double bytes = 0, operations = 0;
    for (const Access &access : nest.accesses) {
      double touched = access.isScalar() ? 0 : iterations;
      for (auto [index, loop] : llvm::enumerate(nest.loops))
        if (!access.map && access.isInvariant(index))
          touched /= double(std::max<int64_t>(*loop.length(), 1));
      bytes += touched * bitsOf(access.element) / 8;
    }
    for (Operation &op : nest.body().without_terminator())
      operations += costOf(&op) * iterations;
    int64_t wanted = countChunks(bytes, operations);
    if (wanted < 2)
      return;

    // A loop that splits evenly enough, outermost first; else the longest.
    auto unitOf = [&](unsigned loop) -> int64_t {
      if (int(loop) == schedule.vectorLoop || int(loop) == schedule.transposeLoop)
        return int64_t(schedule.lanes) * schedule.columns;
      return 1;
    };
    SmallVector<unsigned> candidates = schedule.parallel;
    if (schedule.vectorLoop >= 0 && !nest.loops[schedule.vectorLoop].reduction)
      candidates.push_back(schedule.vectorLoop);
    int64_t most = 1;
    for (unsigned loop : candidates) {
      int64_t units = llvm::divideCeil(*nest.loops[loop].length(), unitOf(loop));
      if (units <= most || most >= wanted)
        continue;
      most = units;
      schedule.chunkLoop = loop;
    }
    if (schedule.chunkLoop < 0)
      return;
    int64_t length = *nest.loops[schedule.chunkLoop].length(), unit = unitOf(schedule.chunkLoop);
    schedule.chunkSize = llvm::divideCeil(llvm::divideCeil(length, unit), std::min(wanted, most)) * unit;
    schedule.chunks = llvm::divideCeil(length, schedule.chunkSize);
  }

  Nest &nest;
  const Machine &machine;
};

} // namespace

int64_t countChunks(double bytes, double operations) {
  return int64_t(std::min(64.0, std::max(bytes / (32 << 10), operations / (64 << 10))));
}

Schedule chooseSchedule(Nest &nest, const Machine &machine) { return Scheduler(nest, machine).choose(); }

} // namespace ingot::loops
