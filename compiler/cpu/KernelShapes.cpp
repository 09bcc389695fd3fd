//===- KernelShapes.cpp - Tiles and chunks for a processor ----------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/cpu/KernelShapes.h"
#include "dialects/kernel/Kernel.h"
#include <algorithm>

using namespace ingot;

static int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The cost of one step over k: two multiply-adds and two loads a cycle, and a latency of four cycles that independent
/// accumulators hide. A small charge for what is loaded decides between equals; the panel comes from farther away.
static int64_t stepCost(int64_t rows, int64_t vectors) {
  constexpr int64_t cycle = 32;
  return std::max({rows * vectors * cycle / 2, (rows + vectors) * cycle / 2, 4 * cycle}) + rows + 2 * vectors;
}

Tile ingot::chooseTile(const CpuTarget &target, int64_t rows, int64_t vectors, int64_t panelVectors, int64_t maxRows) {
  Tile best = {1, panelVectors};
  int64_t bestCost = 0;
  for (int64_t width = 1; width <= target.registers / 2; ++width) {
    if (width % panelVectors != 0 && panelVectors % width != 0)
      continue;
    for (int64_t height = 1; height <= std::min(rows, maxRows); ++height) {
      // LLVM's scheduler loads ahead: it spills unless registers stay free for that.
      int64_t free = target.registers / 16;
      if (height * width + std::min(height, width) + 1 + free > target.registers)
        break;
      // Balanced tiles: `tall` of them have one row more than the others.
      int64_t tiles = divideUp(rows, height), low = rows / tiles, tall = rows % tiles;
      auto column = [&](int64_t used) {
        return used == 0 ? 0 : tall * stepCost(low + 1, used) + (tiles - tall) * stepCost(low, used);
      };
      int64_t cost = vectors / width * column(width) + column(vectors % width);
      if (bestCost == 0 || cost < bestCost) {
        bestCost = cost;
        best = {divideUp(rows, tiles), width};
      }
    }
  }
  return best;
}

int64_t ingot::choosePackedRows(const CpuTarget &target, int64_t rows, int64_t channels, int64_t columns,
                                int64_t bytes) {
  // A tile reads each of its rows as a stream of its own, from the second-level cache where the matrix outgrows the
  // first: that costs one part in twenty. Packing costs about a cycle an element, so it wants columns that share it.
  constexpr int64_t wideVectors = 64, part = 8;
  int64_t lanes = target.vectorBits / 8 / std::max<int64_t>(bytes, sizeof(float));
  if (columns < wideVectors * lanes || rows * channels * bytes < target.l2Bytes / part)
    return 0;
  int64_t panelVectors = std::max<int64_t>(kernel::panelWidth / lanes, 1);
  int64_t height = chooseTile(target, rows, divideUp(columns, lanes), panelVectors, maxPointwiseRows).rows;
  return height <= lanes ? height : 0;
}

Chunks ingot::chooseChunks(int64_t flops, int64_t outer, int64_t rowTiles, int64_t columnTiles, int64_t rowBytes,
                           int64_t columnBytes) {
  constexpr int64_t chunkFlops = 256 * 1024, maxChunks = 64, enough = 32;
  int64_t wanted = std::clamp<int64_t>(flops / chunkFlops, 1, maxChunks);
  Chunks chunks;
  chunks.outer = std::min(outer, wanted);
  wanted /= chunks.outer;
  // Each piece of rows reads all columns and the other way round: cut the larger factor first.
  bool rowsFirst = rowBytes >= columnBytes;
  int64_t &first = rowsFirst ? chunks.rows : chunks.columns, &second = rowsFirst ? chunks.columns : chunks.rows;
  first = std::min(wanted, rowsFirst ? rowTiles : columnTiles);
  // Cutting the other one as well reads the first once more for each piece.
  wanted = std::min(wanted, std::max<int64_t>(enough / chunks.outer, 1));
  second = std::clamp<int64_t>(wanted / first, 1, rowsFirst ? columnTiles : rowTiles);
  return chunks;
}

Pieces ingot::choosePieces(const CpuTarget &target, Tile tile, int64_t lanes, int64_t tapRows, int64_t tapColumns,
                           int64_t channels, int64_t bytes) {
  // Less than this between two round trips of the accumulators costs more than it brings.
  constexpr int64_t fewest = 96;
  // The panel, the next one, which is fetched meanwhile, and a block of rows share the second-level cache. Wide vectors
  // cross a panel in half the time, and do better with whole sums.
  int64_t cache = target.l2Bytes / (target.vectorBits >= 512 ? 2 : 8);
  int64_t most = std::max(cache / (bytes * tile.vectors * lanes), fewest);
  Pieces whole = {tapRows, tapColumns, channels};
  int64_t rowSteps = tapColumns * channels;
  if (tapRows * rowSteps <= most * 3 / 2)
    return whole;
  auto balanced = [](int64_t size, int64_t limit) { return divideUp(size, divideUp(size, limit)); };
  // Taps of one row share most of their input, which leaves the cache to the panel.
  if (tapRows > 1 && rowSteps <= most * 3 / 2) {
    int64_t rows = balanced(tapRows, std::max<int64_t>(most / rowSteps, 1));
    return {rows, tapColumns, channels, divideUp(tapRows, rows)};
  }
  // Pieces of channels are whole steps of an unrolled loop.
  constexpr int64_t step = 8;
  int64_t perPiece = channels;
  if (channels > most * 3 / 2 && channels % step == 0)
    perPiece = divideUp(balanced(channels, most), step) * step;
  if (perPiece < fewest)
    return whole;
  return {1, 1, perPiece, tapRows * tapColumns * divideUp(channels, perPiece)};
}

int64_t ingot::chooseUnroll(int64_t channels, int64_t fmas) {
  int64_t most = fmas >= 8 ? 4 : 8;
  if (channels <= most)
    return channels;
  for (int64_t factor = most; factor > 1; --factor)
    if (channels % factor == 0)
      return factor;
  return most;
}
