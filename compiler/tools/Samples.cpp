//===- Samples.cpp - Models on arrays of samples --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Samples.h"

using namespace llvm;

namespace ingot {

Expected<std::shared_ptr<runtime::Dataset>> readDataset(const std::string &path) {
  auto data = std::make_shared<runtime::Dataset>();
  runtime::Text error;
  if (ingot_status status = data->read(path.c_str(), error))
    return failure(status, error.c_str());
  return data;
}

Error bindSamples(runtime::Dataset &data, ArrayRef<ingot_value_info> inputs) {
  runtime::Text error;
  ingot_status status = data.bind(inputs.data(), uint32_t(inputs.size()), error);
  return status == INGOT_OK ? Error::success() : failure(status, error.c_str());
}

Expected<BatchSize> batchSizeFor(const OpenModel &model, uint64_t given) {
  BatchSize result;
  std::string source;
  for (const InputInfo &input : model.inputs()) {
    if (input.dims.empty())
      return failure(INGOT_UNSUPPORTED,
                     "input '" + input.name + "' is a scalar, which samples cannot bring; --inputs can");
    if (input.dims.front() < 0)
      continue;
    uint64_t size = uint64_t(input.dims.front());
    if (result.isFixed && size != result.size)
      return failure(INGOT_UNSUPPORTED, "input '" + input.name + "' has a first size of " + Twine(size) + " and '" +
                                            source + "' of " + Twine(result.size) +
                                            ", so they hold no samples; --inputs takes one batch as it is");
    result = {size, true};
    source = input.name;
  }
  if (result.isFixed && given && given != result.size)
    return usageError("option --batch: got " + Twine(given) + ", but input '" + source + "' is for batches of " +
                      Twine(result.size));
  if (given)
    result.size = given;
  return result;
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> loadModelForSamples(mlir::MLIRContext &context, OpenModel &model,
                                                                runtime::Dataset &data, uint64_t batch) {
  if (Error error = bindSamples(data, Signature(model.inputs()).infos()))
    return error;
  // Only sizes: the elements are other ones in each batch.
  std::vector<std::vector<int64_t>> sizes;
  for (const InputInfo &input : model.inputs()) {
    const runtime::Shape &shape = data.find(input.name.c_str())->shape();
    sizes.emplace_back(shape.dims, shape.dims + shape.rank).front() = int64_t(batch);
  }
  std::vector<CallInput> call;
  for (const std::vector<int64_t> &shape : sizes)
    call.push_back({shape, {}});
  Expected<Variant> variant = model.match(call);
  if (!variant)
    return variant.takeError();
  return model.load(context, *variant, call);
}

} // namespace ingot
