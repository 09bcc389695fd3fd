//===- Peers.cpp - Other engines, through Python --------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Peers.h"
#include "compiler/tools/Verify.h"
#include "runtime/Literal.h"
#include "runtime/TensorFile.h"
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace llvm;
using ingot::runtime::Array;
using ingot::runtime::Tensor;

namespace ingot {

/// Answers each line with one line of JSON. bfloat16 lies in .npy files as raw bytes and is not supported here.
static const char script[] = R"python(
import json, sys, time
import numpy as np
engine, model, folder, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
def arrays(count):
    return [np.load(f"{folder}/input_{i}.npy") for i in range(count)]
if engine == "onnxruntime":
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    feed = dict(zip(names, arrays(len(names))))
    run = lambda: session.run(None, feed)
else:
    import openvino as ov
    core = ov.Core()
    # Its default is bf16 where the processor has it, which is not the same computation.
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    feed = dict(enumerate(arrays(len(compiled.inputs))))
    run = lambda: [request.infer(feed)[o] for o in compiled.outputs]
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "run":
        for i, value in enumerate(run()):
            np.save(f"{folder}/output_{i}.npy", np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value))
        print(json.dumps({"done": True}), flush=True)
    else:
        end, times = time.perf_counter() + float(words[1]), []
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"times": times}), flush=True)
)python";

Expected<std::unique_ptr<Peer>> Peer::start(const std::string &python, const std::string &engine,
                                            const std::string &model, const std::string &folder, unsigned threads) {
  if (engine != "onnxruntime" && engine != "openvino")
    return usageError("unknown engine '" + engine + "', want onnxruntime or openvino" +
                      suggestion(engine, {"onnxruntime", "openvino"}));
  std::unique_ptr<Peer> peer(new Peer());
  peer->engine = engine;
  int toPeer[2], fromPeer[2];
  if (pipe(toPeer) != 0 || pipe(fromPeer) != 0)
    return usageError("cannot start " + python + ": no more files");
  std::signal(SIGPIPE, SIG_IGN);
  std::string log = folder + "/peer.log", count = std::to_string(threads);
  outs().flush();
  peer->process = fork();
  if (peer->process == 0) {
    dup2(toPeer[0], 0);
    dup2(fromPeer[1], 1);
    if (FILE *file = std::fopen(log.c_str(), "w"))
      dup2(fileno(file), 2);
    for (int end : {toPeer[0], toPeer[1], fromPeer[0], fromPeer[1]})
      close(end);
    execlp(python.c_str(), python.c_str(), "-c", script, engine.c_str(), model.c_str(), folder.c_str(), count.c_str(),
           nullptr);
    _exit(127);
  }
  close(toPeer[0]);
  close(fromPeer[1]);
  peer->input = fdopen(toPeer[1], "w");
  peer->output = fdopen(fromPeer[0], "r");
  Expected<json::Value> answer = peer->ask("");
  if (answer)
    return peer;
  consumeError(answer.takeError());
  ErrorOr<std::unique_ptr<MemoryBuffer>> text = MemoryBuffer::getFile(log);
  StringRef last = text ? (*text)->getBuffer().rtrim().rsplit('\n').second : "";
  if (last.empty() && text)
    last = (*text)->getBuffer().trim();
  return usageError("cannot run " + engine + " in " + python + (last.empty() ? "" : ": " + last) +
                    "; --python or INGOT_PYTHON names an interpreter that has it");
}

Peer::~Peer() {
  if (input)
    std::fclose(input);
  if (output)
    std::fclose(output);
  if (process > 0)
    waitpid(process, nullptr, 0);
}

/// One line there, if there is one to say, and one back.
Expected<json::Value> Peer::ask(const std::string &line) {
  if (!line.empty()) {
    std::fprintf(input, "%s\n", line.c_str());
    std::fflush(input);
  }
  char *text = nullptr;
  size_t capacity = 0;
  ssize_t length = getline(&text, &capacity, output);
  std::string answer(text ? text : "", length > 0 ? length : 0);
  std::free(text);
  if (length <= 0)
    return usageError(engine + " ended early");
  return json::parse(answer);
}

Error Peer::run() { return ask("run").takeError(); }

Expected<std::vector<double>> Peer::measure(double seconds) {
  Expected<json::Value> answer = ask("measure " + std::to_string(seconds));
  if (!answer)
    return answer.takeError();
  std::vector<double> times;
  if (const json::Object *object = answer->getAsObject())
    if (const json::Array *values = object->getArray("times"))
      for (const json::Value &value : *values)
        times.push_back(value.getAsNumber().value_or(0));
  if (times.empty())
    return usageError(engine + " gave no times");
  return times;
}

Error makeInputs(const ingot_model &model, uint64_t seed, const TemporaryFolder &folder, Array<Tensor> &inputs) {
  if (!inputs.resize(model.num_inputs))
    return failure(INGOT_OUT_OF_MEMORY, "not enough memory");
  for (uint32_t i = 0; i < model.num_inputs; ++i) {
    const ingot_value_info &info = model.inputs[i];
    runtime::Text error;
    ingot_status status = Tensor::create(info.dtype, info.dims, info.rank, inputs[i], error);
    if (status == INGOT_OK) {
      runtime::fillRandom(inputs[i], seed + i);
      status = runtime::writeNpy(folder.file("input_" + Twine(i) + ".npy").c_str(), inputs[i], error);
    }
    if (status != INGOT_OK)
      return failure(status, "input '" + Twine(info.name) + "': " + error.c_str());
  }
  return Error::success();
}

Error verifyAgainstPeer(const std::string &path, const VerifyOptions &options, VerifyResult &result) {
  Expected<Options> compileOptions = options.compile.options();
  if (!compileOptions)
    return compileOptions.takeError();
  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  Array<Tensor> inputs, outputs;
  Expected<std::unique_ptr<LoadedModel>> loaded = compileInProcess(path, *compileOptions, options.threads);
  if (!loaded)
    return loaded.takeError();
  const ingot_model &model = (*loaded)->model();
  if (Error error = makeInputs(model, options.seed, *folder, inputs))
    return error;
  Expected<std::unique_ptr<Peer>> peer =
      Peer::start(pythonInterpreter(options.python), options.against, path, folder->root(), std::max(1u, options.threads));
  if (!peer)
    return peer.takeError();
  if (Error error = (*peer)->run())
    return error;
  if (Error error = (*loaded)->run(inputs, outputs))
    return error;
  for (uint32_t i = 0; i < model.num_outputs; ++i) {
    Tensor want;
    runtime::Text error;
    if (ingot_status status = runtime::readNpy(folder->file("output_" + Twine(i) + ".npy").c_str(), want, error))
      return failure(status, options.against + "'s output '" + model.outputs[i].name + "': " + error.c_str());
    compareOutput(result, model.outputs[i].name, outputs[i], want, options);
  }
  return Error::success();
}

} // namespace ingot
