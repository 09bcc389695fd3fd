//===- EmitBrgemmTile.h - One register tile of kernel.brgemm --------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_EMITBRGEMMTILE_H
#define INGOT_COMPILER_CPU_EMITBRGEMMTILE_H

#include "compiler/cpu/EmitBrgemm.h"

namespace ingot {

/// Emits register tiles: a run of pixels times a group of vectors, summed over all taps and channels.
class BrgemmTile {
public:
  BrgemmTile(KernelBuilder &b, kernel::BrgemmOp op, const kernel::Window &window, int64_t lanes, int64_t panelVectors,
             int64_t channels, int64_t columns, const Pieces &pieces);

  View input, output, panels;
  llvm::SmallVector<View> extras;
  llvm::SmallVector<mlir::Value> extents;      ///< batch, height and width of the output
  llvm::SmallVector<mlir::Value> inputExtents; ///< height and width of the input
  Epilogue::Steps steps;
  mlir::Value inputStep; ///< from one pixel's input to the next, where the window is pointwise
  mlir::Value pixels;
  bool flatRows = false; ///< pixels run over height and width, not width alone

  /// Reserves what the tiles need: a row of zeros, and room for `accumulators` vectors.
  void prepare(int64_t accumulators, bool partialTiles);
  /// Selects the batch, row (where pixels run over width alone) and group of the tiles that follow.
  void moveTo(mlir::Value batch, mlir::Value row, mlir::Value group);
  /// Selects `used` vectors of group `index` of `vectors` vectors; the last is `partial` where columns end inside of
  /// it.
  void selectVectors(mlir::Value index, int64_t vectors, int64_t used, bool partial);
  /// Selects what is read after the current piece: piece `piece` of group `index`.
  void selectNext(mlir::Value index, mlir::Value piece);
  /// Has the tile that follows ask for part `part` of `parts` of it, step by step while it sums: each panel is read
  /// for the first time as fast as its memory answers, which is not as fast as a tile multiplies.
  void fetchNext(mlir::Value part, int64_t parts);
  /// Selects piece `index` of the sums that follow.
  void selectPiece(mlir::Value index);
  /// Emits tile number `index`, of `rows` pixels from `start`. With `validRows`, only that many exist. Where sums are cut into
  /// pieces, they are kept at `partial` until the last piece.
  void emit(mlir::Value index, mlir::Value start, int64_t rows, mlir::Value validRows, mlir::Value partial);

private:
  using Values = llvm::SmallVector<mlir::Value>;
  using Range = std::pair<mlir::Value, mlir::Value>;

  /// The input pixels of a tile at one tap.
  struct Rows {
    mlir::Value first;   ///< the first pixel, where all have the same distance
    mlir::Value step;    ///< that distance
    Values pointers;     ///< each pixel, where they have not
    Values channelSteps; ///< each pixel's step from one channel to the next, where it is not that of the input
  };

  Values sumChannels(mlir::ValueRange sums, const Rows &rows, mlir::Value tap, int64_t count);
  void fetchStep(mlir::Value tap, mlir::Value channel, int64_t steps);
  void addStep(Values &sums, const Rows &rows, mlir::Value panel, mlir::Value channel, int64_t plus);
  Values sumInterior(mlir::ValueRange sums, mlir::Value row, mlir::Value column);
  Values sumAnywhere(mlir::ValueRange sums, mlir::ValueRange rows, mlir::ValueRange columns);
  Values sumWindow(mlir::ValueRange sums, mlir::Value start, int64_t rows, mlir::Value validRows);
  void fetchOutput(mlir::Value start, int64_t rows);
  Values sumPiece(mlir::Value index, mlir::Value start, int64_t rows, mlir::Value validRows, Values sums);
  void cutPiece(mlir::Value index, Range &rows, Range &taps, Range &piece);
  Range tapRange(mlir::Value firstRow, mlir::Value lastRow);
  mlir::Value tapAt(mlir::Value tapRow, mlir::Value tapColumn);
  int64_t panelElements() const { return window.kernel[0] * window.kernel[1] * channels * kernel::panelWidth; }
  mlir::Value inside(mlir::Value position, unsigned dim);

  KernelBuilder &b;
  kernel::BrgemmOp op;
  const kernel::Window &window;
  int64_t lanes, panelVectors, channels, columns;
  Epilogue epilogue;
  mlir::Value zeroRow, scratch;
  Pieces pieces;

  // The place that moveTo and the functions after it chose.
  mlir::Value isFirst, isLast;
  Range tapRows, tapColumns, channelRange;
  mlir::Value inputBase, panelBase, outputBase, rowIndex, panelPointer, nextPiece, fetched;
  int64_t fetchedPerStep = 0; ///< bytes of each panel from `fetched` on that a step over the channels asks for
  Values extraBases;
  Epilogue::Position corner;
  int64_t groupVectors = 0;
  llvm::SmallVector<int64_t> vectorColumns, vectorOffsets;
  Values masks;
};

} // namespace ingot

#endif // INGOT_COMPILER_CPU_EMITBRGEMMTILE_H
