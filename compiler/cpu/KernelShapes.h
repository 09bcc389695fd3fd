//===- KernelShapes.h - Tiles and chunks for a processor ------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_CPU_KERNELSHAPES_H
#define INGOT_COMPILER_CPU_KERNELSHAPES_H

#include "compiler/Options.h"

namespace ingot {

/// A register tile: rows times vectors of accumulators.
struct Tile {
  int64_t rows, vectors;
};

/// The height of the panels that `rows` x `channels` elements of `bytes` bytes had better be packed into before they are
/// multiplied with `columns` columns, or 0 where that would cost more than it brings. The register tile has that height.
int64_t choosePackedRows(const CpuTarget &target, int64_t rows, int64_t channels, int64_t columns, int64_t bytes);

/// Into how many pieces each level of a loop nest is cut for threads to claim.
struct Chunks {
  int64_t outer = 1, rows = 1, columns = 1;
  int64_t count() const { return outer * rows * columns; }
};

/// The most rows of a tile whose rows have a common stride.
constexpr int64_t maxPointwiseRows = 16;

/// The tile that takes the fewest cycles for a matrix of `rows` rows and `vectors` vectors a row. `panelVectors`
/// vectors lie side by side in a panel: a tile holds whole panels or a whole fraction of one. `maxRows` bounds the
/// rows, since each takes a general register where rows have no common stride.
Tile chooseTile(const CpuTarget &target, int64_t rows, int64_t vectors, int64_t panelVectors, int64_t maxRows);

/// Cuts a nest of `outer` x `rowTiles` x `columnTiles` tiles. It is a function of the shape alone, so that results do
/// not depend on the number of threads. `rowBytes` and `columnBytes` are the sizes of the two factors.
Chunks chooseChunks(int64_t flops, int64_t outer, int64_t rowTiles, int64_t columnTiles, int64_t rowBytes,
                    int64_t columnBytes);

/// How the sum of a tile over the taps of a window and its channels is cut, so that what the piece reads of a panel
/// stays in a cache while all tiles of a block pass. Sums in between are kept in memory.
struct Pieces {
  int64_t tapRows, tapColumns, channels; ///< of a piece
  int64_t count = 1;
};
Pieces choosePieces(const CpuTarget &target, Tile tile, int64_t lanes, int64_t tapRows, int64_t tapColumns,
                    int64_t channels, int64_t bytes);

/// How often to unroll a loop over `channels` channels whose body has `fmas` multiply-adds.
int64_t chooseUnroll(int64_t channels, int64_t fmas);

} // namespace ingot

#endif // INGOT_COMPILER_CPU_KERNELSHAPES_H
