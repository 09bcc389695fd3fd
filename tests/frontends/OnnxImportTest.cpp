//===- OnnxImportTest.cpp - ONNX files become modules ---------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ingot/Dialect.h"
#include "frontends/onnx/Importer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <gmock/gmock.h>
#include <onnx/defs/parser.h>
#include <random>

using namespace ingot;
using testing::HasSubstr;
using testing::Not;

namespace {
class OnnxImport : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("onnx-import", folder)); }
  void TearDown() override { (void)llvm::sys::fs::remove_directories(folder); }

  /// Writes a file and returns its path.
  std::string write(llvm::StringRef name, llvm::StringRef text) {
    std::string path = (folder + "/" + name).str();
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << text;
    EXPECT_FALSE(error) << error.message();
    return path;
  }

  /// Imports a graph in ONNX's text form, such as "g (float[2] x) => (float[2] y) { y = Relu(x) }"; the result is the
  /// module as text, or the error after "error: ".
  std::string import(llvm::StringRef graph, int opset = 18, const ImportOptions &options = {}) {
    std::string header = "<ir_version: 8, opset_import: [\"\" : " + std::to_string(opset) + "]>\n";
    return importFile(write("model.onnxtxt", header + graph.str()), options);
  }
  std::string importFile(llvm::StringRef path, const ImportOptions &options = {}) {
    auto module = importOnnx(context, path, options);
    std::string text;
    llvm::raw_string_ostream os(text);
    if (module)
      (*module)->print(os);
    else
      os << "error: " << llvm::toString(module.takeError());
    return text;
  }

  mlir::MLIRContext context;
  llvm::SmallString<128> folder;
};

TEST_F(OnnxImport, NamesInputsOutputsAndNodes) {
  std::string path = write("model.onnxtxt", R"(<ir_version: 8, opset_import: ["" : 18]>
    g (float[N, 2] x) => (float[N, 2] y) { [act] y = Relu(x) })");
  auto module = importOnnx(context, path);
  ASSERT_TRUE(bool(module)) << llvm::toString(module.takeError());
  auto main = (*module)->lookupSymbol<mlir::func::FuncOp>("main");
  EXPECT_EQ(main.getArgAttrOfType<mlir::StringAttr>(0, "ingot.name").getValue(), "x");
  EXPECT_EQ(main.getResultAttrOfType<mlir::StringAttr>(0, "ingot.name").getValue(), "y");
  EXPECT_EQ(main.getArgAttrOfType<mlir::ArrayAttr>(0, "ingot.dims").size(), 2u);
  auto loc = mlir::dyn_cast<mlir::NameLoc>(main.front().front().getLoc());
  ASSERT_TRUE(loc);
  EXPECT_EQ(loc.getName(), "act");
  EXPECT_EQ(mlir::cast<mlir::NameLoc>(loc.getChildLoc()).getName(), "Relu-18");
}

TEST_F(OnnxImport, TakesWhatTheCallerKnowsOfInputs) {
  const char *graph = "g (float[3, M] x, int64[1] axes) => (float[3] y) { y = ReduceSum <keepdims = 0> (x, axes) }";
  auto module =
      importOnnx(context, write("model.onnxtxt", std::string("<ir_version: 8, opset_import: [\"\" : 18]>\n") + graph));
  ASSERT_FALSE(bool(module));
  llvm::handleAllErrors(module.takeError(), [](const UnsupportedModel &error) {
    EXPECT_THAT(error.message(), HasSubstr("'axes' is not known at compile time"));
    EXPECT_THAT(error.wanted, testing::ElementsAre(1));
  });
  ImportOptions options;
  options.dims["M"] = 4;
  options.values[1] = std::string("\1\0\0\0\0\0\0\0", 8);
  std::string text = import(graph, 18, options);
  EXPECT_THAT(text, HasSubstr("axes = array<i64: 1>"));
  EXPECT_THAT(text, HasSubstr("%arg0: tensor<3x4xf32>"));
  EXPECT_THAT(text, HasSubstr("%arg1: tensor<1xi64>"));
  options.values[1].resize(16); // no longer fits
  EXPECT_THAT(import(graph, 18, options), HasSubstr("'axes' is not known at compile time"));
}

TEST_F(OnnxImport, RefusesInputsOfUnsupportedTypes) {
  EXPECT_THAT(import("g (string[2] x, float[2] a) => (float[2] y) { y = Relu(a) }"),
              HasSubstr("the element type is not supported"));
}

TEST_F(OnnxImport, GivesNamedDimensionsValues) {
  ImportOptions options;
  options.dims["N"] = 5;
  EXPECT_THAT(import("g (float[N, 2] x) => (float[N, 2] y) { y = Relu(x) }", 18, options), HasSubstr("tensor<5x2xf32>"));
  options.dims["M"] = 5;
  EXPECT_THAT(import("g (float[N, 2] x) => (float[N, 2] y) { y = Relu(x) }", 18, options),
              HasSubstr("the model has no dimension 'M'; its dimensions are N"));
}

TEST_F(OnnxImport, TakesAQuestionMarkForNoName) {
  onnx::ModelProto proto;
  ASSERT_TRUE(onnx::OnnxParser::Parse(proto, R"(<ir_version: 8, opset_import: ["" : 18]>
    g (float[H, W] x) => (float[H, W] y) { y = Relu(x) })")
                  .IsOK());
  for (auto &dim :
       *proto.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim())
    dim.set_dim_param("?");
  std::string path = write("model.onnx", proto.SerializeAsString());
  // Two sizes of one name would be one size.
  ImportOptions options;
  options.dims["x.0"] = 5;
  options.dims["x.1"] = 7;
  EXPECT_THAT(importFile(path, options), HasSubstr("tensor<5x7xf32>"));
  options.dims["?"] = 5;
  EXPECT_THAT(importFile(path, options), HasSubstr("the model has no dimension '?'"));
}

TEST_F(OnnxImport, KeepsParametersAsWeightsAndFoldsTheRest) {
  std::string text = import(R"(g (float[2] x) => (float[2] y)
    <float[2] p = {1, 2}, float s = {3}, float[2] unused = {1, 2}> { t = Mul(s, s)  u = Mul(x, t)  y = Add(u, p) })");
  EXPECT_THAT(text, HasSubstr("ingot.weight @p : tensor<2xf32>"));
  EXPECT_THAT(text, HasSubstr("dense<9.000000e+00> : tensor<f32>"));
  EXPECT_THAT(text, Not(HasSubstr("unused")));
}

TEST_F(OnnxImport, ListsAllUnsupportedNodesAtOnce) {
  std::string path = write("model.onnxtxt", R"(<ir_version: 8, opset_import: ["" : 18]>
    g (float[2] x) => (float[2] y) { [a] t = NonZero(x)  [b] u = Relu(x)  [c] v = NonZero(u)  y = Relu(u) })");
  auto module = importOnnx(context, path);
  ASSERT_FALSE(bool(module));
  bool seen = false;
  llvm::handleAllErrors(module.takeError(), [&](const UnsupportedModel &error) {
    seen = true;
    EXPECT_EQ(error.total, 4u);
    ASSERT_EQ(error.nodes.size(), 2u);
    EXPECT_EQ(error.nodes[0].node, "a");
    EXPECT_EQ(error.nodes[1].node, "c");
    EXPECT_EQ(error.nodes[1].op, "NonZero");
    EXPECT_EQ(error.nodes[1].opset, 18);
    EXPECT_EQ(error.nodes[1].dtypes, "f32");
    EXPECT_THAT(error.message(), HasSubstr("2 of 4 nodes are unsupported\n  node  op       opset  dtypes  reason\n"));
  });
  EXPECT_TRUE(seen);
}

TEST_F(OnnxImport, InlinesFunctions) {
  std::string path = write("model.onnxtxt", R"(<ir_version: 8, opset_import: ["" : 18, "local" : 1]>
    g (float[2] x) => (float[2] y) { [call] y = local.twice<alpha = 0.5>(x) }
    <domain: "local", opset_import: ["" : 18]>
    twice <alpha> (a) => (b) { t = LeakyRelu<alpha: float = @alpha>(a)  b = Add(t, t) })");
  std::string text = importFile(path);
  EXPECT_THAT(text, HasSubstr("ingot.leaky_relu"));
  EXPECT_THAT(text, HasSubstr("alpha = 5.000000e-01"));
  EXPECT_THAT(import("g (float[2] x) => (float[2] y) { y = ThresholdedRelu(x) }"), HasSubstr("ingot.where"));
}

TEST_F(OnnxImport, SaysWhatIsWrongWithAModel) {
  EXPECT_THAT(import("g (float[2] x, float[3] z) => (float[2] y) { [sum] y = Add(x, z) }"),
              HasSubstr("node 'sum' (Add-18): operands do not broadcast together"));
  EXPECT_THAT(import("g (float[2] x) => (float[2] y) { y = Add(x, q) }"), HasSubstr("error: "));
  EXPECT_THAT(import("g (float[2] x) => (float[2] y) { y = NoSuchThing(x) }"), HasSubstr("error: "));
  EXPECT_THAT(importFile((folder + "/absent.onnx").str()), HasSubstr("No such file"));
  EXPECT_THAT(importFile(write("picture.onnx", "\x89PNG\r\n")), HasSubstr("not an ONNX model"));
  EXPECT_THAT(importFile(write("empty.onnx", "")), HasSubstr("not an ONNX model"));
}

TEST_F(OnnxImport, UpgradesOldForms) {
  EXPECT_THAT(import("g (float[2] x) => (float[2] y) { y = Clip<min = 0.0, max = 6.0>(x) }", 7), HasSubstr("ingot.min"));
  EXPECT_THAT(import("g (float[2] x) => (float[2] y) { y = Dropout<ratio = 0.5>(x) }", 7), HasSubstr("return %arg0"));
}

TEST_F(OnnxImport, FoldsTheShapeArithmeticOfExporters) {
  std::string text = import(R"(g (float[2, 6] x) => (float[y0, y1, y2] y) {
    shape = Shape(x)
    i = Constant<value_int = 0>()
    n = Gather<axis = 0>(shape, i)
    axes = Constant<value_ints = [0]>()
    n1 = Unsqueeze(n, axes)
    rest = Constant<value_ints = [3, -1]>()
    target = Concat<axis = 0>(n1, rest)
    y = Reshape(x, target) })");
  EXPECT_THAT(text, HasSubstr("-> tensor<2x3x2xf32>"));
  EXPECT_THAT(text, Not(HasSubstr("i64>"))) << text;
}

TEST_F(OnnxImport, FollowsOpenDimensionsThroughShapeArithmetic) {
  std::string text = import(R"(g (float[N, 6] x) => (float[N, y1, y2] y) {
    shape = Shape(x)
    i = Constant<value_ints = [0]>()
    n = Gather<axis = 0>(shape, i)
    rest = Constant<value_ints = [3, 2]>()
    target = Concat<axis = 0>(n, rest)
    u = Relu(x)
    y = Reshape(u, target) })");
  EXPECT_THAT(text, HasSubstr("-> tensor<?x3x2xf32>"));
  EXPECT_THAT(text, Not(HasSubstr("ingot.shape"))) << text;
}

TEST_F(OnnxImport, TakesSequencesOfKnownLengthApart) {
  std::string text = import(R"(g (float[2, 6] x) => (float[2, 3] y) {
    n = Constant<value_int = 3>()
    parts = SplitToSequence<axis = 1>(x, n)
    i = Constant<value_int = -1>()
    y = SequenceAt(parts, i) })");
  EXPECT_THAT(text, HasSubstr("-> tensor<2x3xf32>"));
}

TEST_F(OnnxImport, ChecksWindowsBeforeItBuildsThem) {
  EXPECT_THAT(import("g (float[1, 2, 5, 5] x) => (float[1, 2, 3, 3] y) { y = MaxPool<kernel_shape = [3, 3], strides = "
                     "[2, 2], auto_pad = \"SAME_UPPER\">(x) }"),
              HasSubstr("-> tensor<1x2x3x3xf32>"));
  EXPECT_THAT(import("g (float[1, 2, 5, 5] x) => (float[1, 2, 3, 3] y) { [p] y = MaxPool<kernel_shape = [7, 3]>(x) }"),
              HasSubstr("node 'p' (MaxPool-18): the kernel reaches over 7 elements, the padded input has 5"));
  EXPECT_THAT(import("g (float[1, 2, 5, 5] x) => (float[1, 2, 3, 3] y) { y = AveragePool<kernel_shape = [3]>(x) }"),
              HasSubstr("want a batch, channels, and an image of the kernel's rank"));
}

TEST_F(OnnxImport, MakesTruthValuesOfNumbers) {
  EXPECT_THAT(import("g (float[2, 6] x) => (int64[6] y) { y = ArgMax<axis = 0, keepdims = 0>(x) }"),
              HasSubstr("keepdims = false"));
}

TEST_F(OnnxImport, TakesABranchThatIsKnown) {
  std::string text = import(R"(g (float[2] x) => (float[2] y) {
    zero = Constant<value_int = 0>()
    one = Constant<value_int = 1>()
    c = Less(zero, one)
    y = If(c) <then_branch = g1 () => (float[2] a) { a = Relu(x) }, else_branch = g2 () => (float[2] b) { b = Neg(x) }> })");
  EXPECT_THAT(text, HasSubstr("ingot.relu"));
  EXPECT_THAT(text, Not(HasSubstr("ingot.neg")));
}

TEST_F(OnnxImport, KeepsABranchThatIsOpen) {
  std::string text = import(R"(g (bool c, float[2] x) => (float[2] y) {
    y = If(c) <then_branch = g1 () => (float[2] a) { a = Relu(x) }, else_branch = g2 () => (float[2] b) { b = Neg(x) }> })");
  EXPECT_THAT(text, HasSubstr("ingot.if %arg0 {"));
  EXPECT_THAT(import(R"(g (bool c, float[2] x, float[3] z) => (float[n] y) {
    y = If(c) <then_branch = g1 () => (float[2] a) { a = Relu(x) }, else_branch = g2 () => (float[3] b) { b = Neg(z) }> })"),
              HasSubstr("output 0 is 'tensor<2xf32>' in one branch and 'tensor<3xf32>' in the other"));
}

TEST_F(OnnxImport, WantsTheConditionOfABranchThatMakesNoSense) {
  const char *graph = R"(g (bool c, float[2] x, float[3] z) => (float[n] y) {
    y = If(c) <then_branch = g1 () => (float[2] a) { a = Relu(x) }, else_branch = g2 () => (float[3] b) { b = Add(x, z) }> })";
  auto module = importOnnx(
      context, write("model.onnxtxt", std::string("<ir_version: 8, opset_import: [\"\" : 18]>\n") + graph));
  ASSERT_FALSE(bool(module));
  llvm::handleAllErrors(module.takeError(), [](const UnsupportedModel &error) {
    EXPECT_THAT(error.message(), HasSubstr("'else_branch' cannot be computed: node 'y/b' (Add-18): "));
    EXPECT_THAT(error.wanted, testing::ElementsAre(0));
  });
  ImportOptions options;
  options.values[0] = std::string("\1", 1);
  EXPECT_THAT(import(graph, 18, options), HasSubstr("ingot.relu"));
}

TEST_F(OnnxImport, CountsTheStepsOfALoopWhereItCan) {
  constexpr const char *body = R"(<body = b (int64 i, bool k, float[2] h) => (bool again, float[2] next, float[2] seen) {
    again = Identity(k) next = Neg(h) seen = Add(h, x) }> })";
  std::string counted = import((llvm::Twine("g (float[2] x) => (float[2] y, float[5, 2] z) { m = Constant<value_int = 5>() "
                                            "y, z = Loop(m, , x) ") + body).str());
  EXPECT_THAT(counted, HasSubstr("ingot.scan init(%arg0"));
  EXPECT_THAT(counted, HasSubstr("steps = 5"));
  EXPECT_THAT(import((llvm::Twine("g (int64 m, float[2] x) => (float[2] y, float[n, 2] z) { y, z = Loop(m, , x) ") + body).str()),
              HasSubstr("what the loop stacks has a length that is not known at compile time"));
  EXPECT_THAT(import((llvm::Twine("g (float[2] x) => (float[2] y, float[n, 2] z) { y, z = Loop(, , x) ") + body).str()),
              HasSubstr("the loop has no end"));
}

TEST_F(OnnxImport, UnrollsLoopsThatChangeTypes) {
  auto doubling = [&](llvm::StringRef steps) {
    return import((R"(g (float[2] x) => (float[n] y) { m = Constant<value_int = )" + steps + R"(>()
      y = Loop(m, , x) <body = b (int64 i, bool k, float[n] h) => (bool again, float[m] next) {
        again = Identity(k) next = Concat<axis = 0>(h, h) }> })").str());
  };
  EXPECT_THAT(doubling("5"), HasSubstr("return %4 : tensor<64xf32>"));
  EXPECT_THAT(doubling("65"),
              HasSubstr("carried value 0 is 'tensor<2xf32>' at first and 'tensor<4xf32>' after a step"));
}

TEST_F(OnnxImport, UnrollsLoopsOverSequences) {
  std::string text = import(R"(g (float[2] x) => (float[n] y, float[s, 1] z) { m = Constant<value_int = 3>() e = SequenceEmpty()
    all, z = Loop(m, , e) <body = b (int64 i, bool k, q) => (bool again, next, float[1] first) {
      again = Identity(k) next = SequenceInsert(q, x) zero = Constant<value_ints = [0]>() one = Constant<value_ints = [1]>()
      first = Slice(x, zero, one) }>
    y = ConcatFromSequence<axis = 0>(all) })");
  EXPECT_THAT(text, HasSubstr("-> tensor<6xf32>"));
  EXPECT_THAT(text, HasSubstr("-> tensor<3x1xf32>"));
}

TEST_F(OnnxImport, ScansAnyAxisInAnyDirection) {
  std::string text = import(R"(g (float[2] h, float[2, 5] x) => (float[2] y, float[2, 5] z) {
    y, z = Scan<num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [1], scan_output_axes = [-1],
      body = b (float[2] s, float[2] v) => (float[2] t, float[2] o) { t = Add(s, v) o = Mul(s, v) }>(h, x) })");
  EXPECT_THAT(text, HasSubstr("backwards = array<i1: true, false>"));
  EXPECT_THAT(text, HasSubstr("-> tensor<2xf32>, tensor<5x2xf32>"));
  EXPECT_THAT(text, HasSubstr("-> tensor<2x5xf32>"));
}

TEST_F(OnnxImport, LeavesOutInputsInTheMiddle) {
  std::string text = import(R"(g (float[5, 3, 4] x, float[1, 6, 4] w, float[1, 6, 6] r, float[1, 3, 6] h) => (float[5, 1, 3, 6] y) {
    y = RNN<hidden_size = 6>(x, w, r, , , h) })");
  EXPECT_THAT(text, HasSubstr("operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1>"));
}

TEST_F(OnnxImport, ReadsSparseTensors) {
  onnx::ModelProto proto;
  ASSERT_TRUE(onnx::OnnxParser::Parse(proto, R"(<ir_version: 8, opset_import: ["" : 18]>
    g (int64[2, 3] x, float[2, 3] z) => (int64[2, 3] y, float[2, 3] w) { t = Add(x, flat) y = Add(t, rows) w = Add(z, p) })").IsOK());
  auto add = [&](const char *name, bool isFloat, std::initializer_list<int64_t> indices) {
    onnx::SparseTensorProto &sparse = *proto.mutable_graph()->add_sparse_initializer();
    sparse.add_dims(2);
    sparse.add_dims(3);
    sparse.mutable_values()->set_name(name);
    sparse.mutable_values()->set_data_type(isFloat ? onnx::TensorProto::FLOAT : onnx::TensorProto::INT64);
    sparse.mutable_values()->add_dims(2);
    for (int value : {5, -7})
      isFloat ? sparse.mutable_values()->add_float_data(float(value)) : sparse.mutable_values()->add_int64_data(value);
    sparse.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
    sparse.mutable_indices()->add_dims(2);
    if (indices.size() > 2)
      sparse.mutable_indices()->add_dims(2);
    for (int64_t index : indices)
      sparse.mutable_indices()->add_int64_data(index);
  };
  add("flat", false, {1, 5});
  add("rows", false, {0, 2, 1, 0});
  add("p", true, {0, 4});
  std::string path = write("sparse.onnx", proto.SerializeAsString()), text = importFile(path);
  EXPECT_THAT(text, HasSubstr("dense<[[0, 5, 0], [0, 0, -7]]>"));
  EXPECT_THAT(text, HasSubstr("dense<[[0, 0, 5], [-7, 0, 0]]>"));
  EXPECT_THAT(text, HasSubstr("ingot.weight @p : tensor<2x3xf32>"));

  float trained[] = {1, 2, 3, 4, 5, 6};
  std::string output = write("trained.onnx", "");
  auto bytes = llvm::ArrayRef(reinterpret_cast<const char *>(trained), sizeof(trained));
  ASSERT_FALSE(bool(exportWeights(path, output, {{"p", bytes}})));
  auto module = importOnnx(context, output);
  ASSERT_TRUE(bool(module)) << llvm::toString(module.takeError());
  auto weight = (*module)->lookupSymbol<WeightOp>("p");
  ASSERT_TRUE(weight);
  EXPECT_EQ(context.getLoadedDialect<IngotDialect>()->getWeights().lookup(weight.getKey()), bytes);

  proto.mutable_graph()->mutable_sparse_initializer(2)->mutable_dims()->Set(0, int64_t(1) << 40);
  EXPECT_THAT(importFile(write("large.onnx", proto.SerializeAsString())),
              HasSubstr("the sparse tensor 'p' has more than 2147483648 bytes with its zeros"));
}

TEST_F(OnnxImport, ListsConstantsOfUnsupportedTypes) {
  std::string text = import(R"(g (float[2] x) => (float[2] y) { [names] t = Constant<value = string[1] {"a"}>()
    [same] u = Identity(t) y = Relu(x) })");
  EXPECT_THAT(text, HasSubstr("1 of 3 nodes are unsupported"));
  EXPECT_THAT(text, HasSubstr("names"));
}

TEST_F(OnnxImport, ReadsExternalDataOnlyFromTheModelsFolder) {
  auto model = [&](llvm::StringRef location) {
    return write("model.onnxtxt", (R"(<ir_version: 8, opset_import: ["" : 18]>
      g (float[2] x) => (float[2] y) <float[2] p = ["location": ")" + location + R"("]> { y = Add(x, p) })").str());
  };
  write("data.bin", llvm::StringRef("\0\0\x80?\0\0\0@", 8));
  EXPECT_THAT(importFile(model("data.bin")), HasSubstr("ingot.weight @p"));
  write("short.bin", "1234");
  EXPECT_THAT(importFile(model("short.bin")), HasSubstr("ends beyond the end of short.bin"));
  EXPECT_THAT(importFile(model("../data.bin")), HasSubstr("error: "));
  EXPECT_THAT(importFile(model("/etc/hostname")), HasSubstr("error: "));
}

// A model comes from anywhere: whatever its bytes are, there is a module or an error.
TEST_F(OnnxImport, SurvivesDamagedFiles) {
  auto file = llvm::MemoryBuffer::getFile(INGOT_DIGITS_MODEL);
  ASSERT_TRUE(bool(file));
  std::string bytes = (*file)->getBuffer().str();
  std::mt19937 random(1);
  int damaged = 0;
  for (int i = 0; i < 200; ++i) {
    std::string copy = bytes;
    // Structure is at the ends of the file, and weights in the middle.
    for (int j = 0; j < 4; ++j)
      copy[random() % 2 ? random() % 600 : copy.size() - 1 - random() % 1200] = char(random());
    damaged += llvm::StringRef(importFile(write("damaged.onnx", copy))).starts_with("error: ");
  }
  EXPECT_GT(damaged, 0);
}
} // namespace
