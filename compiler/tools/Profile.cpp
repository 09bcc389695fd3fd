//===- Profile.cpp - A run as a trace -------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/Profile.h"
#include "compiler/emit/Profile.h"
#include "compiler/emit/WriteFile.h"
#include "runtime/Session.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;

namespace ingot {

constexpr size_t mostRows = 10;
constexpr int runs = 10; // of which the shortest is taken: the others waited for something

/// The kernels by the time of all their calls, the longest first.
static void printLongest(ArrayRef<KernelName> kernels, ArrayRef<KernelSpan> spans) {
  std::vector<std::pair<double, size_t>> times(kernels.size());
  double sum = 0;
  for (size_t i = 0; i < kernels.size(); ++i)
    times[i].second = i;
  for (const KernelSpan &span : spans)
    times[span.kernel].first += span.end - span.begin, sum += span.end - span.begin;
  llvm::sort(times, [](auto &a, auto &b) { return a.first > b.first; });
  outs() << formatv("{0} kernel{1} {2:f3} ms", kernels.size(), kernels.size() == 1 ? " takes" : "s take", sum * 1e-3)
         << (times.size() > mostRows ? "; the longest:\n" : ":\n");
  for (auto [time, kernel] : ArrayRef(times).take_front(mostRows))
    outs() << formatv("{0,9:f3} ms {1,5:f1}%  {2}\n", time * 1e-3, sum > 0 ? 100 * time / sum : 0, kernels[kernel].nodes);
}

Error writeProfile(const std::string &path, Options options, unsigned threads,
                   const runtime::Array<runtime::Tensor> &inputs, StringRef output, bool isTold) {
  options.profile = true;
  options.dumpDir.clear();
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module = loadModel(*context, path, options);
  if (!module)
    return module.takeError();
  Expected<std::unique_ptr<JitModel>> compiled = compileAndLoad(**module, options);
  if (!compiled)
    return compiled.takeError();
  std::shared_ptr<JitModel> jit = std::move(*compiled);
  Expected<std::unique_ptr<LoadedModel>> loaded = LoadedModel::open(jit, threads);
  if (!loaded)
    return loaded.takeError();
  runtime::Array<runtime::Tensor> outputs;
  if (Error error = (*loaded)->run(inputs, outputs)) // warms up
    return error;
  std::vector<KernelSpan> spans;
  for (int i = 0; i < runs; ++i) {
    runtime::Text error;
    ingot_status status = INGOT_OK;
    std::vector<KernelSpan> run = recordKernels([&] { status = runtime::runContext((*loaded)->context(), error); });
    if (status)
      return failure(status, error.c_str());
    if (spans.empty() || (!run.empty() && run.back().end < spans.back().end))
      spans = std::move(run);
  }

  ArrayRef<KernelName> kernels = jit->kernels();
  json::Array events;
  for (const KernelSpan &span : spans)
    events.push_back(json::Object{{"name", kernels[span.kernel].nodes},
                                  {"cat", "kernel"},
                                  {"ph", "X"}, // begin and length
                                  {"ts", span.begin},
                                  {"dur", span.end - span.begin},
                                  {"pid", 1},
                                  {"tid", 1},
                                  {"args", json::Object{{"function", kernels[span.kernel].function}}}});
  json::Object trace{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  if (Error failed = writeFile(output, [&](raw_ostream &os) { os << json::Value(std::move(trace)) << "\n"; }))
    return failed;
  if (isTold) {
    printLongest(kernels, spans);
    outs() << "wrote " << output << "; open it in https://ui.perfetto.dev\n";
  }
  return Error::success();
}

} // namespace ingot
