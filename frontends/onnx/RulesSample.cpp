//===- RulesSample.cpp - Rules for what samples images --------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/Term.h"
#include <limits>

using namespace mlir;

namespace ingot::onnx_import {

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

namespace {

/// Samples the images of x [N, C, size...] at places that the run computes.
struct Sampler {
  Node &n;
  Term image; ///< [N, C, elements]
  SmallVector<int64_t> sizes;
  std::string padding;
  bool alignCorners;

  /// Brings a place, of which there may be any, between `low` and `high` by mirroring it at them.
  Term reflect(const Term &place, double low, double high) const {
    double span = high - low;
    if (span <= 0)
      return place * 0.0;
    Value twice = n.build("mod", {place - low, place.number(2 * span)}, {});
    Term turned(n, twice);
    return select(turned > span, 2 * span - turned, turned) + low;
  }
  Term reflectAt(const Term &place, size_t dim) const {
    double size = double(sizes[dim]);
    return alignCorners ? reflect(place, 0, size - 1) : reflect(place, -0.5, size - 0.5);
  }
  /// A place of whole numbers as an index, and whether it is inside.
  Term inside(const Term &place, size_t dim) const { return (place >= 0.0) & (place <= double(sizes[dim] - 1)); }
  Term padded(const Term &place, size_t dim) const {
    Term moved = padding == "reflection" ? reflectAt(place, dim) : place;
    return moved.clamp(0, double(sizes[dim] - 1));
  }

  /// The elements at one whole place for each dimension, [N, 1, points] each; zero outside where the padding is zeros.
  Term at(ArrayRef<Term> places) const {
    Term linear = places[0], valid = places[0];
    for (auto [dim, place] : llvm::enumerate(places)) {
      Term index = padded(place, dim);
      linear = dim ? linear * double(sizes[dim]) + index : index;
      if (padding == "zeros")
        valid = dim ? valid & inside(place, dim) : inside(place, dim);
    }
    SmallVector<int64_t> shape{1, image.type().getDimSize(1), 1};
    Term indices = linear.to(n.b.getI64Type()).expand(shape);
    Term values(n, n.build("gather_elements", {image, indices}, n.attr("axis", int64_t(2))));
    return padding == "zeros" ? select(valid, values, values.number(0)) : values;
  }
};

} // namespace

/// The sum over all places around a point, dimension by dimension: `taps` are pairs of a place and its weight.
static Term interpolate(const Sampler &s, ArrayRef<SmallVector<std::pair<Term, Term>>> taps,
                        SmallVectorImpl<Term> &places) {
  size_t dim = places.size();
  if (dim == taps.size())
    return s.at(places);
  std::optional<Term> sum;
  for (const auto &[place, weight] : taps[dim]) {
    places.push_back(place);
    Term part = interpolate(s, taps, places) * weight;
    places.pop_back();
    if (sum)
      *sum = *sum + part;
    else
      sum.emplace(part);
  }
  return *sum;
}

static LogicalResult gridSample(Node &n) {
  RankedTensorType type = n.type(0), grid = n.type(1);
  int64_t spatial = type.getRank() - 2;
  std::string mode = n.text("mode", "linear");
  mode = mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode;
  if (spatial < 1 || grid.getRank() != spatial + 2 || grid.getShape().back() != spatial)
    return n.invalid("the grid must have the input's rank, and one number for each spatial dimension");
  if (!type.hasStaticShape() || !grid.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  if (!llvm::is_contained({"linear", "nearest", "cubic"}, mode) || spatial > 3)
    return n.unsupported("sampling of this kind is not supported");
  ArrayRef<int64_t> sizes = type.getShape().drop_front(2);
  int64_t batch = type.getDimSize(0), channels = type.getDimSize(1),
          points = llvm::product_of(grid.getShape().drop_front().drop_back());
  Type wide = isa<FloatType>(type.getElementType()) ? computeType(type.getElementType()) : Type(n.b.getF32Type());
  Term image = Term(n, n.in(0)).to(wide).reshape({batch, channels, llvm::product_of(sizes)});
  Sampler sampler{n, image, SmallVector<int64_t>(sizes), n.text("padding_mode", "zeros"),
                  n.integer("align_corners", 0) != 0};
  Term places = Term(n, n.in(1)).to(wide).reshape({batch, points, spatial});
  SmallVector<SmallVector<std::pair<Term, Term>>> taps;
  for (int64_t dim = 0; dim < spatial; ++dim) {
    // The grid names the last dimension first.
    int64_t number = spatial - 1 - dim;
    double size = double(sizes[dim]);
    Term g = places.slice(2, number, number + 1).reshape({batch, 1, points});
    Term place = sampler.alignCorners ? (g + 1.0) * ((size - 1) / 2) : ((g + 1.0) * size - 1.0) * 0.5;
    if (mode == "nearest")
      place = place.apply("round");
    if (sampler.padding == "border")
      place = place.clamp(0, size - 1);
    else if (sampler.padding == "reflection")
      place = sampler.reflectAt(place, dim);
    SmallVector<std::pair<Term, Term>> around;
    if (mode == "nearest") {
      around.push_back({place, place.number(1)});
    } else {
      Term low = place.apply("floor"), rest = place - low;
      if (mode == "linear") {
        around.push_back({low, 1.0 - rest});
        around.push_back({low + 1.0, rest});
      } else {
        constexpr double a = -0.75;
        auto far = [&](const Term &x) { return ((x * a - 5 * a) * x + 8 * a) * x - 4 * a; };
        auto near = [&](const Term &x) { return (x * (a + 2) - (a + 3)) * x * x + 1.0; };
        around.push_back({low - 1.0, far(rest + 1.0)});
        around.push_back({low, near(rest)});
        around.push_back({low + 1.0, near(1.0 - rest)});
        around.push_back({low + 2.0, far(2.0 - rest)});
      }
    }
    taps.push_back(std::move(around));
  }
  SmallVector<Term> chosen;
  Term y = interpolate(sampler, taps, chosen);
  SmallVector<int64_t> shape{batch, channels};
  llvm::append_range(shape, grid.getShape().drop_front().drop_back());
  return n.result(y.reshape(shape).to(type.getElementType()));
}

//===----------------------------------------------------------------------===//
// DeformConv
//===----------------------------------------------------------------------===//

/// A convolution whose kernel looks at places that the run moves: they are sampled, and a product adds them up.
static LogicalResult deformConv(Node &n) {
  RankedTensorType x = n.type(0), w = n.type(1), offset = n.type(2);
  if (x.getRank() != 4 || w.getRank() != 4 || offset.getRank() != 4)
    return n.unsupported("only images of two dimensions are supported");
  if (!x.hasStaticShape() || !w.hasStaticShape() || !offset.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  WindowShape window;
  if (failed(readWindow(n, x.getShape().drop_front(2), w.getShape().drop_front(2), window)))
    return failure();
  int64_t batch = x.getDimSize(0), channels = x.getDimSize(1), features = w.getDimSize(0),
          groups = n.integer("group", 1), movers = n.integer("offset_group", 1),
          kernel = w.getDimSize(2) * w.getDimSize(3), points = offset.getDimSize(2) * offset.getDimSize(3);
  if (groups < 1 || movers < 1 || channels % movers || features % groups || channels != w.getDimSize(1) * groups ||
      offset.getDimSize(0) != batch || offset.getDimSize(1) != movers * kernel * 2)
    return n.invalid("the channels, groups and offsets do not fit together");
  for (int64_t dim : {0, 1}) {
    int64_t reach = (w.getDimSize(dim + 2) - 1) * window.dilations[dim] + 1,
            size = x.getDimSize(dim + 2) + window.pads[dim] + window.pads[dim + 2];
    if (size < reach || offset.getDimSize(dim + 2) != (size - reach) / window.strides[dim] + 1)
      return n.invalid("dimension " + Twine(dim + 2) + " of the offsets does not fit the image and the kernel");
  }
  Type wide = computeType(x.getElementType());
  Term image =
      Term(n, n.in(0)).to(wide).reshape({batch * movers, channels / movers, x.getDimSize(2) * x.getDimSize(3)});
  Sampler sampler{n, image, SmallVector<int64_t>(x.getShape().drop_front(2)), "zeros", false};
  Term offsets = Term(n, n.in(2)).to(wide).reshape({batch * movers, kernel, 2, points});
  SmallVector<SmallVector<std::pair<Term, Term>>> taps;
  for (int64_t dim : {0, 1}) {
    // Where the kernel looks at when nothing moves it: [kernel, points].
    SmallVector<Attribute> places;
    for (int64_t k = 0; k < kernel; ++k)
      for (int64_t p = 0; p < points; ++p) {
        int64_t inKernel = dim ? k % w.getDimSize(3) : k / w.getDimSize(3),
                inImage = dim ? p % offset.getDimSize(3) : p / offset.getDimSize(3);
        places.push_back(FloatAttr::get(
            wide, double(inKernel * window.dilations[dim] + inImage * window.strides[dim] - window.pads[dim])));
      }
    Term still(n, n.constant(DenseElementsAttr::get(RankedTensorType::get({kernel, points}, wide), places)));
    Term place = (offsets.slice(2, dim, dim + 1).reshape({batch * movers, kernel, points}) + still)
                     .reshape({batch * movers, 1, kernel * points});
    Term low = place.apply("floor"), rest = place - low;
    taps.push_back({{low, 1.0 - rest}, {low + 1.0, rest}});
  }
  SmallVector<Term> chosen;
  Term columns = interpolate(sampler, taps, chosen);
  if (n.has(4))
    columns = columns * Term(n, n.in(4)).to(wide).reshape({batch * movers, 1, kernel * points});
  columns = columns.reshape({batch, groups, w.getDimSize(1) * kernel, points});
  Term filters = Term(n, n.in(1)).to(wide).reshape({groups, features / groups, w.getDimSize(1) * kernel});
  Term y = filters.with("matmul", columns).reshape({batch, features, offset.getDimSize(2), offset.getDimSize(3)});
  if (n.has(3))
    y = y + Term(n, n.in(3)).to(wide).reshape({features, 1, 1});
  return n.result(y.to(x.getElementType()));
}

//===----------------------------------------------------------------------===//
// RoiAlign
//===----------------------------------------------------------------------===//

namespace {
/// The places of an image's dimension that the bins of each region look at, [regions, places]: the elements below and
/// above, how far the place is from the one below, and whether it counts.
struct RegionPlaces {
  Term low, high, rest, valid;
};
} // namespace

static RegionPlaces regionPlaces(const Term &start, const Term &end, bool malformed, int64_t bins, int64_t samples,
                                 int64_t size) {
  Node &n = start.n;
  Term length = end - start;
  if (malformed)
    length = length.with("max", length.number(1)); // a region covers one element at least
  SmallVector<Attribute> centers;
  for (int64_t bin = 0; bin < bins; ++bin)
    for (int64_t sample = 0; sample < samples; ++sample)
      centers.push_back(FloatAttr::get(start.element(), double(bin) + (double(sample) + 0.5) / double(samples)));
  auto type = RankedTensorType::get({bins * samples}, start.element());
  Term place = start + length / double(bins) * Term(n, n.constant(DenseElementsAttr::get(type, centers)));
  Term valid = (place >= -1.0) & (place <= double(size));
  place = place.clamp(0, double(size - 1));
  Term low = place.apply("floor");
  return {low, (low + 1.0).with("min", low.number(double(size - 1))), place - low, valid};
}

namespace {
/// What is the same for all regions.
struct RegionOptions {
  int64_t rows, columns; ///< bins of a region
  bool malformed;        ///< before opset 16, a region covered one element at least
  std::string mode;
};
} // namespace

/// Regions [count, 4] of images, each brought to the same size: a bin is the mean or the maximum of `down` x `across`
/// places in it.
static Term alignRegions(const Term &images, const Term &corners, const Term &batches, const RegionOptions &options,
                         int64_t down, int64_t across) {
  ArrayRef<int64_t> shape = images.type().getShape();
  int64_t channels = shape[1], height = shape[2], width = shape[3], count = corners.type().getDimSize(0);
  Type wide = images.element(), i64 = images.n.b.getI64Type();
  auto corner = [&](int64_t i) { return corners.slice(1, i, i + 1); };
  RegionPlaces v = regionPlaces(corner(1), corner(3), options.malformed, options.rows, down, height),
               h = regionPlaces(corner(0), corner(2), options.malformed, options.columns, across, width);
  auto vertical = [&](const Term &t) { return t.reshape({count, options.rows * down, 1}); };
  auto horizontal = [&](const Term &t) { return t.reshape({count, 1, options.columns * across}); };

  // One row of channels for each element of each image.
  Term pixels = images.transpose({0, 2, 3, 1}).reshape({shape[0] * height * width, channels});
  Term image = batches.to(i64).reshape({count, 1, 1}) * double(height);
  Term counts = (vertical(v.valid) & horizontal(h.valid)).to(wide);
  auto part = [&](const Term &row, const Term &column, const Term &rowWeight, const Term &columnWeight) {
    Term index = (image + vertical(row).to(i64)) * double(width) + horizontal(column).to(i64);
    Term weight = vertical(rowWeight) * horizontal(columnWeight) * counts;
    return pixels.gather(index, 0) * weight.reshape({count, options.rows * down, options.columns * across, 1});
  };
  Term parts[] = {part(v.low, h.low, 1.0 - v.rest, 1.0 - h.rest), part(v.low, h.high, 1.0 - v.rest, h.rest),
                  part(v.high, h.low, v.rest, 1.0 - h.rest), part(v.high, h.high, v.rest, h.rest)};
  bool isMean = options.mode == "avg";
  Term y = parts[0];
  for (const Term &other : ArrayRef(parts).drop_front())
    y = isMean ? y + other : y.with("max", other); // as ONNX defines it: of the four, not of their sum
  return y.reshape({count, options.rows, down, options.columns, across, channels})
      .reduce(isMean ? "reduce_mean" : "reduce_max", {2, 4}, false)
      .transpose({0, 3, 1, 2});
}

/// How many places a bin of each region has along a dimension where that follows from the region's size; nothing where
/// the regions are not known.
static std::optional<SmallVector<int64_t>> adaptiveSamples(const Term &start, const Term &end, int64_t bins,
                                                           bool malformed) {
  Term length = end - start;
  if (malformed)
    length = length.with("max", length.number(1));
  DenseElementsAttr counts =
      Node::constant((length / double(bins)).apply("ceil").clamp(0, 65537).to(start.n.b.getI64Type()));
  if (!counts)
    return std::nullopt;
  return llvm::map_to_vector(counts.getValues<APInt>(), [](const APInt &count) { return count.getSExtValue(); });
}

/// Regions with a number of places each: those of the same number go together.
static LogicalResult alignAdaptively(Node &n, const Term &images, const Term &corners, const Term &batches,
                                     const RegionOptions &options, Term &result) {
  auto corner = [&](int64_t i) { return corners.slice(1, i, i + 1); };
  auto down = adaptiveSamples(corner(1), corner(3), options.rows, options.malformed);
  auto across = adaptiveSamples(corner(0), corner(2), options.columns, options.malformed);
  if (!down || !across)
    return n.unsupported("a number of samples that depends on the sizes of regions needs regions that are known at "
                         "compile time");
  std::map<std::pair<int64_t, int64_t>, SmallVector<int64_t>> alike;
  for (auto [region, samples] : llvm::enumerate(llvm::zip_equal(*down, *across)))
    alike[{std::get<0>(samples), std::get<1>(samples)}].push_back(int64_t(region));
  SmallVector<Value> parts;
  SmallVector<int64_t> places(down->size());
  int64_t done = 0;
  for (auto &[samples, regions] : alike) {
    if (samples.first * options.rows > 65536 || samples.second * options.columns > 65536)
      return n.invalid("a region is too large");
    int64_t count = int64_t(regions.size());
    for (int64_t region : regions)
      places[region] = done++;
    if (samples.first < 1 || samples.second < 1) { // regions of no size have no places
      parts.push_back(images.number(0).expand({count, images.type().getDimSize(1), options.rows, options.columns}));
      continue;
    }
    Term chosen(n, n.integersConstant(regions));
    parts.push_back(alignRegions(images, corners.gather(chosen, 0), batches.gather(chosen, 0), options, samples.first,
                                 samples.second));
  }
  Term all(n, parts.size() == 1 ? parts.front() : n.build("concat", parts, n.attr("axis", int64_t(0))));
  result = all.gather({n, n.integersConstant(places)}, 0);
  return success();
}

static LogicalResult roiAlign(Node &n) {
  RankedTensorType x = n.type(0), regions = n.type(1), batches = n.type(2);
  if (x.getRank() != 4 || regions.getRank() != 2 || batches.getRank() != 1 || regions.getDimSize(1) != 4)
    return n.invalid("want images, regions of four numbers, and an image's number for each of them");
  if (!x.hasStaticShape() || !regions.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  int64_t samples = n.integer("sampling_ratio", 0);
  bool halfPixel = n.version >= 16 && n.text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  RegionOptions options{n.integer("output_height", 1), n.integer("output_width", 1), !halfPixel, n.text("mode", "avg")};
  int64_t most = std::max(options.rows, options.columns);
  if (options.rows < 1 || options.columns < 1 || most > 65536 || samples > 65536 / most)
    return n.invalid("regions cannot become " + Twine(options.rows) + " x " + Twine(options.columns));
  if (options.mode != "avg" && options.mode != "max")
    return n.unsupported("mode '" + options.mode + "' is not supported");
  Type wide = computeType(x.getElementType());
  DenseElementsAttr known = samples > 0 ? DenseElementsAttr() : n.need(n.in(1));
  Term images = Term(n, n.in(0)).to(wide), corners(n, known ? n.constant(known) : n.in(1));
  corners = corners.to(wide) * n.number("spatial_scale", 1);
  if (halfPixel)
    corners = corners - 0.5;
  Term y(n, Value());
  if (samples > 0)
    y = alignRegions(images, corners, {n, n.in(2)}, options, samples, samples);
  else if (failed(alignAdaptively(n, images, corners, {n, n.in(2)}, options, y)))
    return failure();
  return n.result(y.to(x.getElementType()));
}

//===----------------------------------------------------------------------===//
// MaxRoiPool
//===----------------------------------------------------------------------===//

/// The nearest whole number, halves away from zero.
static Term nearest(const Term &x) {
  Term size = x.apply("abs"), whole = size.apply("floor");
  return x.apply("sign") * (whole + (size - whole >= 0.5).to(x.element()));
}

/// Which of `size` elements along an image's dimension the bins of each region cover, [regions, bins, size]. Regions
/// include the element they end at, and bins that share an element both take it; outside of the image there is nothing.
static Term coveredElements(const Term &start, const Term &end, int64_t bins, int64_t size) {
  Node &n = start.n;
  Type element = start.element();
  auto upTo = [&](int64_t count, ArrayRef<int64_t> shape) {
    return Term(n, n.integersConstant(llvm::to_vector(llvm::seq(count)))).to(element).reshape(shape);
  };
  int64_t count = start.type().getDimSize(0);
  Term first = nearest(start).reshape({count, 1, 1}), last = nearest(end).reshape({count, 1, 1});
  Term length = (last - first + 1.0).with("max", first.number(1)) / double(bins);
  Term bin = upTo(bins, {bins, 1}), place = upTo(size, {size}) - first;
  return (place >= (bin * length).apply("floor")) & (place < ((bin + 1.0) * length).apply("ceil"));
}

/// Girshick, "Fast R-CNN", section 2.1. The largest of a bin's elements is that of its rows' largest elements, so that a
/// bin never needs a list of what it covers; a bin that covers nothing is zero.
static LogicalResult maxRoiPool(Node &n) {
  RankedTensorType x = n.type(0), regions = n.type(1);
  if (x.getRank() != 4 || regions.getRank() != 2 || regions.getDimSize(1) != 5)
    return n.invalid("want images, and regions of an image's number and four places");
  if (!x.hasStaticShape() || !regions.hasStaticShape())
    return n.unsupported("the sizes are not known at compile time");
  SmallVector<int64_t> pooled = n.integers("pooled_shape").value_or(SmallVector<int64_t>());
  if (pooled.size() != 2 || llvm::any_of(pooled, [](int64_t bins) { return bins < 1 || bins > 65536; }))
    return n.invalid("want a pooled_shape of two numbers from 1 to 65536");
  Term corners = Term(n, n.in(1)).to(computeType(regions.getElementType()));
  Term images = Term(n, n.in(0)).gather(corners.slice(1, 0, 1).to(n.b.getI64Type()).reshape({regions.getDimSize(0)}), 0);
  if (n.fault != Fault::None)
    return failure();
  corners = corners * n.number("spatial_scale", 1);
  auto corner = [&](int64_t i) { return corners.slice(1, i, i + 1); };

  int64_t count = regions.getDimSize(0), channels = x.getDimSize(1), height = x.getDimSize(2), width = x.getDimSize(3);
  Term rows = coveredElements(corner(2), corner(4), pooled[0], height).reshape({count, 1, pooled[0], height, 1});
  Term columns = coveredElements(corner(1), corner(3), pooled[1], width).reshape({count, 1, 1, pooled[1], width});
  Term none = images.number(-std::numeric_limits<double>::infinity());
  Term ofRows = select(columns, images.reshape({count, channels, height, 1, width}), none)
                    .reduce("reduce_max", {4}, false)
                    .reshape({count, channels, 1, height, pooled[1]});
  Term y = select(rows, ofRows, none).reduce("reduce_max", {3}, false);
  Term covers = rows.reduce("reduce_max", {3}, false) & columns.reduce("reduce_max", {4}, false);
  return n.result(select(covers, y, y.number(0)));
}

void addSampleRules(RuleMap &rules) {
  rules[".GridSample"] = gridSample;
  rules[".DeformConv"] = deformConv;
  rules[".RoiAlign"] = roiAlign;
  rules[".MaxRoiPool"] = maxRoiPool;
}

} // namespace ingot::onnx_import
