//===- Link.cpp - Programs, libraries and objects -------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/Link.h"
#include "compiler/emit/Names.h"
#include "compiler/emit/WeightsObject.h"
#include "compiler/emit/WriteFile.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Triple.h"
#include <dlfcn.h>
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;

namespace ingot {

EmitOptions emitOptions(OutputKind kind, StringRef modelName) {
  // Several objects may meet in one program, so each has symbols of its own.
  std::string name = cIdentifier(modelName);
  return {kind == OutputKind::Object ? "ingot_model_" + name : mainModelSymbol.str(), "ingot_weights_" + name};
}

static Error fail(const Twine &text) { return make_error<StatusError>(INGOT_BAD_ARGUMENT, text); }

/// The folder with what programs for `target` are linked from, beside this program or shared library.
static Expected<std::string> bundleFolder(const CpuTarget &target) {
  std::string program = sys::fs::getMainExecutable(nullptr, reinterpret_cast<void *>(&bundleFolder));
  if (Dl_info info; dladdr(reinterpret_cast<void *>(&bundleFolder), &info) && info.dli_fname &&
                    StringRef(info.dli_fname).contains(".so"))
    program = info.dli_fname;
  SmallString<128> folder(sys::path::parent_path(sys::path::parent_path(program)));
  sys::path::append(folder, "lib", "runtime", Triple(target.triple).getArchName());
  if (!sys::fs::is_directory(folder))
    return fail("cannot link for " + target.level + ": the folder " + folder + " with its runtime is missing");
  return folder.str().str();
}

/// The linker's arguments of a bundle's manifest.
static Expected<std::vector<std::string>> readManifest(StringRef folder, StringRef name, ArrayRef<std::string> objects) {
  SmallString<128> path(folder);
  sys::path::append(path, name);
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  if (!file)
    return fail("cannot read " + path + ": " + file.getError().message());
  std::vector<std::string> arguments;
  SmallVector<StringRef> lines;
  (*file)->getBuffer().split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef line : lines) {
    if (line == "@objects") {
      append_range(arguments, objects);
    } else if (line.starts_with("-")) {
      arguments.push_back(line.str());
    } else {
      SmallString<128> member(folder);
      sys::path::append(member, line);
      arguments.push_back(member.str().str());
    }
  }
  return arguments;
}

static Error runLinker(ArrayRef<std::string> arguments) {
  // The linker keeps its state in globals.
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<const char *> pointers = {"ld.lld"};
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string output;
  raw_string_ostream stream(output);
  lld::Result result = lld::lldMain(pointers, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0)
    return fail("the linker failed:\n" + StringRef(output).rtrim());
  return Error::success();
}

Error writeOutput(const CompiledModel &model, const Options &options, OutputKind kind, StringRef path,
                  ArrayRef<char> trainingData) {
  // Objects lie beside the output while the linker reads them: a temporary folder may be small and in memory.
  SmallString<128> prefix(path);
  prefix += ".tmp-%%%%%%%%";
  SmallString<128> folder;
  if (std::error_code error = sys::fs::createUniqueDirectory(prefix, folder)) {
    sys::fs::createUniquePath(prefix, folder, /*MakeAbsolute=*/false);
    if ((error = sys::fs::create_directory(folder)))
      return fail("cannot write " + path + ": " + error.message());
  }
  scope_exit cleanUp([&] { sys::fs::remove_directories(folder); });

  std::vector<std::string> objects;
  auto place = [&](StringRef name) {
    SmallString<128> object(folder);
    sys::path::append(object, name);
    objects.push_back(object.str().str());
    return objects.back();
  };
  for (auto [number, object] : enumerate(model.objects))
    if (Error error = writeFile(place("part" + std::to_string(number) + ".o"),
                                [&](raw_ostream &stream) { stream << object->getBuffer(); }))
      return error;
  if (model.info.weightBytes != 0)
    if (Error error = writeFile(place("weights.o"), [&](raw_ostream &stream) {
          writeWeightsObject(stream, model.info, options.target, model.symbols.weightsSymbol);
        }))
      return error;

  if (!trainingData.empty())
    if (Error error = writeFile(place("training.o"), [&](raw_ostream &stream) {
          ModelInfo data;
          data.weightBytes = trainingData.size();
          data.weights = {{"", 0, trainingData}};
          writeWeightsObject(stream, data, options.target, "ingot_training_data");
        }))
      return error;

  std::vector<std::string> arguments;
  if (kind == OutputKind::Object) {
    arguments.push_back("-r");
    append_range(arguments, objects);
  } else {
    Expected<std::string> bundle = bundleFolder(options.target);
    if (!bundle)
      return bundle.takeError();
    Expected<std::vector<std::string>> manifest =
        readManifest(*bundle,
                     kind != OutputKind::Program ? "manifest-so"
                     : trainingData.empty()      ? "manifest-exe"
                                                 : "manifest-train",
                     objects);
    if (!manifest)
      return manifest.takeError();
    arguments = std::move(*manifest);
    if (kind == OutputKind::Library)
      arguments.push_back(("--soname=" + sys::path::filename(path)).str());
    if (options.sanitize)
      arguments.push_back("-zundefs"); // the sanitizer's runtime is the program's that loads the library
  }
  SmallString<128> linked(folder);
  sys::path::append(linked, "output");
  arguments.insert(arguments.end(), {"-o", linked.str().str()});
  if (Error error = runLinker(arguments))
    return error;
  if (std::error_code error = sys::fs::rename(linked, path))
    return fail("cannot write " + path + ": " + error.message());

  if (kind == OutputKind::Program)
    return Error::success();
  SmallString<128> header(path);
  sys::path::replace_extension(header, ".h");
  return writeFile(header, [&](raw_ostream &stream) { stream << generateHeader(model, kind, path); });
}

} // namespace ingot
