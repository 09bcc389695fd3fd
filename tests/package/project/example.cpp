//===- example.cpp - Training, fine-tuning and inference from C++ ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

static void train_cnn(const std::string &digits) {
  Graph g;
  Tensor x = g.input("x", u8, {"N", 1, 8, 8}), y = g.input("y", i64, {"N"});
  auto net =
      nn::sequential({nn::conv2d(16, 3, {.padding = 1}), nn::relu(), nn::max_pool2d(2),
                      nn::conv2d(32, 3, {.padding = 1}), nn::relu(), nn::flatten(), nn::dropout(0.25), nn::linear(10)},
                     "net");
  Tensor logits = net(cast(x, f32) / 16).named("logits");
  Tensor loss = nn::cross_entropy(logits, y) + 1e-4 * nn::l2(net.parameters());
  Trainer t = compile_train(loss, adamw{.lr = cosine(3e-3, 230, {.warmup = 20}), .clip_norm = 1.0},
                            {.metrics = {{"accuracy", accuracy(logits, y)}}, .seed = 7});
  auto [train, test] = data::npz(digits).split(0.8, /*seed=*/7);
  for (unsigned epoch = 0; epoch < 10; ++epoch) {
    for (const data::Batch &b : train.batches(64, {.shuffle = true, .seed = 7 + epoch}))
      t.step(b);
    std::printf("epoch %u: test accuracy %.4f\n", epoch, t.evaluate(test).at("accuracy"));
  }
  t.save("digits.ckpt");
  export_onnx({logits}, "digits.onnx");
}

/// Tells even digits from odd ones with what the network has learned of ten.
static void fine_tune(const std::string &digits) {
  Graph g = import_onnx("digits.onnx");
  g.freeze(".*");
  Tensor label = g.input("label", i64, {"N"});
  Tensor logits = nn::linear(2, {.name = "head"})(g["flatten"]);
  Trainer t = compile_train(nn::cross_entropy(logits, label), adam{.lr = 1e-2},
                            {.metrics = {{"accuracy", accuracy(logits, label)}}});
  Arrays arrays = data::npz(digits).arrays();
  for (int64_t &y : arrays["y"].as<int64_t>())
    y %= 2;
  auto [train, val] = data::Dataset({{"x", arrays["x"]}, {"label", arrays["y"]}}).split(0.9, 1);
  t.fit(
      train,
      {.epochs = 4, .batch = 32, .validation = val, .patience = 3, .checkpoint = "parity.ckpt", .plot = "parity.svg"});
  compile({logits.named("parity")}, {.dims = {{"N", 1}}}).save("parity");
}

static void infer(const std::string &digits) {
  Executable model = compile(import_onnx("digits.onnx"), {.dims = {{"N", 1}}, .threads = 2});
  data::Dataset all = data::npz(digits);
  Arrays out = model({{"x", all["x"].rows(7, 8)}});
  std::printf("class %lld\n", (long long)out["logits"].argmax(-1).item<int64_t>());
  Context c = model.context();
  c.input<uint8_t>("x")[0] = 1;
  if (c.run() == Code::ok)
    std::printf("%f\n", double(c.output("logits")[0]));
}

int main(int argc, char **argv) {
  try {
    train_cnn(argv[1]);
    fine_tune(argv[1]);
    infer(argv[1]);
  } catch (const Error &e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return int(e.code());
  }
}
