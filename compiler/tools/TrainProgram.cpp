//===- TrainProgram.cpp - Programs that train -----------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/TrainProgram.h"
#include "compiler/emit/Link.h"
#include "frontends/onnx/Importer.h"
#include "runtime/Checkpoint.h"

using namespace llvm;

namespace ingot {

/// What a program keeps beside its code, as runtime/TrainMain.cpp reads it.
static Expected<std::vector<char>> trainingData(const Objective &objective, const std::string &model,
                                                double learningRate, uint64_t seed) {
  std::map<std::string, uint64_t> byName;
  Expected<std::string> file = exportTemplate(model, byName);
  if (!file)
    return file.takeError();
  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  std::string path = folder->file("training");
  runtime::CheckpointWriter writer(path.c_str());
  writer.add("leading", int64_t(objective.inputCount()) - 1);
  writer.add("seed", int64_t(seed));
  writer.add("learning_rate", INGOT_F64, nullptr, 0, &learningRate);
  std::vector<int64_t> places;
  for (const StateValue &value : objective.state) {
    if (value.name == "step" && !value.isParameter)
      break; // what the optimizer remembers begins with zeros
    auto found = byName.find(value.name);
    places.push_back(found == byName.end() ? -1 : int64_t(found->second));
    int64_t bytes = int64_t(value.bytes.size());
    if (found == byName.end() && value.changes)
      return failure(INGOT_UNSUPPORTED, "parameter '" + value.name +
                                            "' is sparse or of an inner graph, so a program could not export it");
    if (found == byName.end())
      writer.add(value.name.c_str(), INGOT_U8, &bytes, 1, value.bytes.data());
  }
  int64_t count = int64_t(places.size()), bytes = int64_t(file->size());
  writer.add("onnx.places", INGOT_I64, &count, 1, places.data());
  writer.add("onnx", INGOT_U8, &bytes, 1, file->data());
  runtime::Text error;
  if (ingot_status status = writer.finish(error))
    return failure(status, error.c_str());
  ErrorOr<std::unique_ptr<MemoryBuffer>> read = MemoryBuffer::getFile(path);
  if (!read)
    return usageError("cannot read " + path + ": " + read.getError().message());
  uint64_t length = (*read)->getBufferSize();
  std::vector<char> data(reinterpret_cast<char *>(&length), reinterpret_cast<char *>(&length) + sizeof length);
  data.insert(data.end(), (*read)->getBufferStart(), (*read)->getBufferEnd());
  return data;
}

Error writeTrainingProgram(LoadedObjective begun, const std::string &model, double learningRate, uint64_t seed,
                           const std::string &output) {
  Expected<std::vector<char>> data = trainingData(begun.objective, model, learningRate, seed);
  if (!data)
    return data.takeError();
  begun.options.compileFrom = Phase::Infer;
  StringRef name = begun.module->getSymName().value_or("main");
  Expected<CompiledModel> compiled =
      compile(*begun.module, begun.options, emitOptions(OutputKind::Program, (name + "_step").str()));
  if (!compiled)
    return compiled.takeError();
  return writeOutput(*compiled, begun.options, OutputKind::Program, output, *data);
}

} // namespace ingot
