//===- EmitLoopsWrite.cpp - The loops of a scheduled nest -----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/EmitLoopsBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace ingot::loops {
namespace {

using Values = SmallVector<Value>;

/// A half-open range of a loop variable.
struct Span {
  Value low, high;
  std::optional<int64_t> length; ///< high - low, where it is known
  int64_t multiple = 1;          ///< divides the length
};

class NestWriter {
public:
  NestWriter(ImplicitLocOpBuilder &b, Nest &nest, const Schedule &schedule)
      : b(b), nest(nest), schedule(schedule), body(b, nest, schedule),
        outputs(ArrayRef(nest.accesses).take_back(nest.op.getNumDpsInits())), firstOutput(nest.op.getNumDpsInputs()) {}

  void write() {
    OpBuilder::InsertionGuard guard(b);
    if (schedule.chunkLoop >= 0) {
      auto forall =
          scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(schedule.chunks)}, ValueRange(), std::nullopt);
      b.setInsertionPointToStart(forall.getBody());
      int64_t length = *nest.loops[schedule.chunkLoop].length(), size = schedule.chunkSize;
      chunk.low = arith::MulIOp::create(b, forall.getInductionVar(0), constant(size));
      chunk.high = arith::AddIOp::create(b, chunk.low, constant(size));
      chunk.multiple = std::gcd(length, size);
      if (length % size == 0)
        chunk.length = size;
      else
        chunk.high = arith::MinSIOp::create(b, chunk.high, constant(length));
    }
    writeParallel(0, body.origin());
  }

private:
  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, value); }

  Value plus(Value value, int64_t offset) {
    if (std::optional<int64_t> known = getConstantIntValue(value))
      return constant(*known + offset);
    return offset ? arith::AddIOp::create(b, value, constant(offset)).getResult() : value;
  }

  Span spanOf(unsigned loop) {
    if (int(loop) == schedule.chunkLoop)
      return chunk;
    std::optional<int64_t> length = nest.loops[loop].length();
    return {constant(0), getValueOrCreateConstantIndexOp(b, b.getLoc(), nest.loops[loop].extent), length,
            length.value_or(1)};
  }

  /// The first multiple of `step` from `span.low` that leaves less than `step` to `span.high`.
  Value lastMultiple(const Span &span, int64_t step) {
    if (span.multiple && span.multiple % step == 0)
      return span.high;
    if (span.length)
      return plus(span.low, *span.length / step * step);
    Value length = arith::SubIOp::create(b, span.high, span.low);
    return arith::SubIOp::create(b, span.high, arith::RemUIOp::create(b, length, constant(step)));
  }

  /// for (variable = low; variable < high; variable += step), without a loop for one iteration or none.
  Values forLoop(Value low, Value high, int64_t step, ValueRange carried,
                 llvm::function_ref<Values(Value, ValueRange)> write) {
    std::optional<int64_t> from = getConstantIntValue(low), to = getConstantIntValue(high);
    if (low == high || (from && to && *from >= *to))
      return Values(carried);
    if (from && to && *from + step >= *to)
      return write(low, carried);
    auto loop = scf::ForOp::create(b, low, high, constant(step), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Values yielded = write(loop.getInductionVar(), loop.getRegionIterArgs());
    if (!carried.empty())
      scf::YieldOp::create(b, yielded);
    return Values(loop.getResults());
  }

  using Step = llvm::function_ref<Values(Value position, unsigned columns, Lanes lanes, ValueRange carried)>;

  /// Runs over `span` with vectors: several columns, then one, then what is left.
  Values vectorLoop(const Span &span, ValueRange carried, Step step) {
    int64_t lanes = schedule.lanes, block = lanes * schedule.columns;
    Values values(carried);
    Value position = span.low;
    auto run = [&](Value until, unsigned columns, Lanes kind) {
      values = forLoop(position, until, int64_t(columns) * kind.count, values,
                       [&](Value variable, ValueRange current) { return step(variable, columns, kind, current); });
      position = until;
    };
    if (block > lanes)
      run(lastMultiple(span, block), schedule.columns, {schedule.lanes});
    run(lastMultiple(span, lanes), 1, {schedule.lanes});
    if (span.multiple % lanes == 0 && span.multiple)
      return values;
    if (!schedule.body.maskable) {
      run(span.high, 1, {1});
      return values;
    }
    auto maskType = VectorType::get({lanes}, b.getI1Type());
    return forLoop(position, span.high, lanes, values, [&](Value variable, ValueRange current) {
      Value mask;
      if (span.length) {
        SmallVector<bool> bits;
        for (int64_t lane = 0; lane < lanes; ++lane)
          bits.push_back(lane < *span.length % lanes);
        mask = arith::ConstantOp::create(b, DenseElementsAttr::get(maskType, bits));
      } else {
        mask = vector::CreateMaskOp::create(b, maskType, Value(arith::SubIOp::create(b, span.high, variable)));
      }
      return step(variable, 1, {schedule.lanes, mask}, current);
    });
  }

  void writeParallel(unsigned depth, const Point &point) {
    if (depth < schedule.parallel.size()) {
      unsigned loop = schedule.parallel[depth];
      if (int(loop) == schedule.transposeLoop)
        return writeParallel(depth + 1, point);
      Span span = spanOf(loop);
      forLoop(span.low, span.high, 1, {}, [&](Value variable, ValueRange) {
        writeParallel(depth + 1, body.move(point, loop, variable));
        return Values();
      });
      return;
    }
    if (schedule.transposeLoop >= 0)
      return writeTransposed(point);
    if (schedule.vectorLoop < 0)
      return writeColumns(point, 1, {1}, nullptr);
    if (nest.loops[schedule.vectorLoop].reduction)
      return writeInnerReduction(point);
    IRMapping uniform;
    if (schedule.reductions.empty())
      uniform = body.emitUniform(point);
    vectorLoop(spanOf(schedule.vectorLoop), {}, [&](Value position, unsigned columns, Lanes lanes, ValueRange) {
      writeColumns(body.move(point, schedule.vectorLoop, position), columns, lanes, &uniform);
      return Values();
    });
  }

  Point column(const Point &point, unsigned index, Lanes lanes) {
    return index ? body.move(point, schedule.vectorLoop, constant(index * lanes.count)) : point;
  }

  /// Runs the reduction loops from `depth` on, then `leaf`, with values carried around.
  Values writeReductions(unsigned depth, const Point &point, ValueRange carried,
                         llvm::function_ref<Values(const Point &, ValueRange)> leaf) {
    if (depth == schedule.reductions.size())
      return leaf(point, carried);
    unsigned loop = schedule.reductions[depth];
    Span span = spanOf(loop);
    return forLoop(span.low, span.high, 1, carried, [&](Value variable, ValueRange current) {
      return writeReductions(depth + 1, body.move(point, loop, variable), current, leaf);
    });
  }

  /// Outputs stay in registers while the reduction loops run.
  void writeColumns(const Point &point, unsigned columns, Lanes lanes, const IRMapping *uniform) {
    Values carried;
    for (unsigned index = 0; index < columns; ++index)
      for (auto [output, access] : llvm::enumerate(outputs))
        if (accumulates(access))
          carried.push_back(body.load(firstOutput + output, column(point, index, lanes), lanes));
    Values results = writeReductions(0, point, carried, [&](const Point &place, ValueRange current) {
      IRMapping shared = uniform && schedule.reductions.empty() ? *uniform : body.emitUniform(place);
      Values next;
      for (unsigned index = 0; index < columns; ++index) {
        Values accumulators;
        for (const Access &access : outputs)
          accumulators.push_back(accumulates(access) ? current[next.size() + countOf(accumulators)] : Value());
        body.emitStep(shared, column(place, index, lanes), lanes, accumulators);
        llvm::copy_if(accumulators, std::back_inserter(next), [](Value value) { return bool(value); });
      }
      return next;
    });
    unsigned next = 0;
    for (unsigned index = 0; index < columns; ++index)
      for (auto [output, access] : llvm::enumerate(outputs))
        if (accumulates(access))
          body.store(results[next++], firstOutput + output, column(point, index, lanes), lanes);
  }

  bool accumulates(const Access &access) { return !schedule.reductions.empty() && nest.isAccumulator(access); }
  static unsigned countOf(ArrayRef<Value> values) {
    return llvm::count_if(values, [](Value value) { return bool(value); });
  }

  /// `combiner` applied to an accumulator and a value.
  Value combine(Operation *combiner, unsigned output, Value accumulator, Value value) {
    bool isLeft = combiner->getOperand(0) == nest.op.getRegionOutputArgs()[output];
    SmallVector<Value, 2> operands = {isLeft ? accumulator : value, isLeft ? value : accumulator};
    Operation *result =
        Operation::create(combiner->getLoc(), combiner->getName(), value.getType(), operands,
                          combiner->getDiscardableAttrDictionary(), combiner->getPropertiesStorage(), {}, 0);
    b.insert(result);
    return result->getResult(0);
  }

  /// The vector loop is the innermost reduction: each column has accumulators of its own, and a scalar one takes the
  /// remainder if that is scalar code. They are folded in a fixed order.
  void writeInnerReduction(const Point &point) {
    SmallVector<unsigned> folded;
    for (auto [output, access] : llvm::enumerate(outputs))
      if (nest.isAccumulator(access))
        folded.push_back(output);
    unsigned columns = schedule.columns;
    Values carried;
    for (unsigned output : folded) {
      TypedAttr neutral = *arith::getNeutralElement(findCombiner(nest, output));
      auto type = VectorType::get({int64_t(schedule.lanes)}, neutral.getType());
      Value start = arith::ConstantOp::create(b, DenseElementsAttr::get(type, Attribute(neutral)));
      carried.append(columns, start);
      carried.push_back(body.load(firstOutput + output, point, {1}));
    }
    Values results = writeReductions(0, point, carried, [&](const Point &place, ValueRange outer) {
      IRMapping uniform = body.emitUniform(place);
      return vectorLoop(spanOf(schedule.vectorLoop), outer,
                        [&](Value position, unsigned count, Lanes lanes, ValueRange current) {
                          Values next(current);
                          Point start = body.move(place, schedule.vectorLoop, position);
                          for (unsigned index = 0; index < count; ++index) {
                            Values accumulators(outputs.size());
                            auto slot = [&](unsigned which) -> Value & {
                              return next[which * (columns + 1) + (lanes.count == 1 ? columns : index)];
                            };
                            for (auto [which, output] : llvm::enumerate(folded))
                              accumulators[output] = slot(which);
                            body.emitStep(uniform, column(start, index, lanes), lanes, accumulators);
                            for (auto [which, output] : llvm::enumerate(folded))
                              slot(which) = accumulators[output];
                          }
                          return next;
                        });
    });
    for (auto [which, output] : llvm::enumerate(folded)) {
      Operation *combiner = findCombiner(nest, output);
      MutableArrayRef<Value> sums = MutableArrayRef(results).slice(which * (columns + 1), columns);
      for (unsigned half = columns / 2; half; half /= 2)
        for (unsigned index = 0; index < half; ++index)
          sums[index] = combine(combiner, output, sums[index], sums[index + half]);
      Value sum = sums[0];
      for (int64_t half = schedule.lanes / 2; half; half /= 2) {
        auto low = llvm::to_vector(llvm::seq<int64_t>(0, half)), high = llvm::to_vector(llvm::seq(half, 2 * half));
        sum = combine(combiner, output, vector::ShuffleOp::create(b, sum, sum, low),
                      vector::ShuffleOp::create(b, sum, sum, high));
      }
      Value total =
          combine(combiner, output, results[which * (columns + 1) + columns], vector::ExtractOp::create(b, sum, 0));
      body.store(total, firstOutput + output, point, {1});
    }
  }

  /// Square tiles: operands that are contiguous along the other loop are read in rows and turned in registers.
  void writeTransposed(const Point &point) {
    unsigned across = schedule.vectorLoop, along = schedule.transposeLoop;
    int64_t lanes = schedule.lanes;
    Span columnSpan = spanOf(across), rowSpan = spanOf(along);
    Value lastColumn = lastMultiple(columnSpan, lanes), lastRow = lastMultiple(rowSpan, lanes);
    Values none(outputs.size());
    forLoop(rowSpan.low, lastRow, lanes, {}, [&](Value row, ValueRange) {
      Point rowPoint = body.move(point, along, row);
      forLoop(columnSpan.low, lastColumn, lanes, {}, [&](Value position, ValueRange) {
        writeTile(body.move(rowPoint, across, position));
        return Values();
      });
      forLoop(lastColumn, columnSpan.high, 1, {}, [&](Value position, ValueRange) {
        Point columnPoint = body.move(rowPoint, across, position);
        return forLoop(constant(0), constant(lanes), 1, {}, [&](Value offset, ValueRange) {
          Point place = body.move(columnPoint, along, offset);
          body.emitStep(body.emitUniform(place), place, {1}, none);
          return Values();
        });
      });
      return Values();
    });
    forLoop(lastRow, rowSpan.high, 1, {}, [&](Value row, ValueRange) {
      Point rowPoint = body.move(point, along, row);
      IRMapping uniform = body.emitUniform(rowPoint);
      return vectorLoop(columnSpan, {}, [&](Value position, unsigned, Lanes kind, ValueRange) {
        body.emitStep(uniform, body.move(rowPoint, across, position), kind, none);
        return Values();
      });
    });
  }

  void writeTile(const Point &corner) {
    unsigned lanes = schedule.lanes;
    SmallVector<Values> turned;
    for (unsigned operand : schedule.transposed) {
      Values rows;
      for (unsigned row = 0; row < lanes; ++row)
        rows.push_back(
            body.loadRow(operand, body.move(corner, schedule.vectorLoop, constant(row)).addresses[operand], lanes));
      turned.push_back(transposeSquare(b, rows));
    }
    for (unsigned row = 0; row < lanes; ++row) {
      Point place = body.move(corner, schedule.transposeLoop, constant(row));
      DenseMap<unsigned, Value> given;
      for (auto [operand, vectors] : llvm::zip(schedule.transposed, turned))
        given[operand] = vectors[row];
      Values none(outputs.size());
      body.emitStep(body.emitUniform(place), place, {lanes}, none, given);
    }
  }

  ImplicitLocOpBuilder &b;
  Nest &nest;
  const Schedule &schedule;
  BodyEmitter body;
  ArrayRef<Access> outputs;
  unsigned firstOutput;
  Span chunk;
};

} // namespace

void emitNest(ImplicitLocOpBuilder &b, Nest &nest, const Schedule &schedule) { NestWriter(b, nest, schedule).write(); }

} // namespace ingot::loops
