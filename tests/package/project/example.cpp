//===- example.cpp - Training, fine-tuning and inference from C++ ---------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cstdio>
#include <ingot/ingot.h>
using namespace ingot;

void train_cnn() {
  Graph g;
  Tensor x = g.input("x", f32, {"N", 1, 28, 28}), y = g.input("y", i64, {"N"});
  auto net = nn::sequential({nn::conv2d(32, 3), nn::relu(), nn::max_pool2d(2), // input sizes are inferred;
                             nn::conv2d(64, 3, {.padding = 1}), nn::relu(), // a layer called twice shares its weights
                             nn::max_pool2d(2), nn::flatten(), nn::dropout(0.5), nn::linear(10)},
                            "net");       // parameters "net.0.weight", ...
  Tensor logits = net(x).named("logits"); // a wrong shape throws here, naming both operands and this line
  Tensor loss = nn::cross_entropy(logits, y) + 1e-4 * nn::l2(net.parameters());
  Trainer t = compile_train(loss, adamw{.lr = cosine(1e-3, 5'000, {.warmup = 100}), .clip_norm = 1.0},
                            {.metrics = {{"accuracy", accuracy(logits, y)}}, .seed = 7});
  auto [train, test] = data::npz("digits.npz").split(0.8, /*seed=*/7); // arrays bind to inputs by name
  for (unsigned epoch = 0; epoch < 10; ++epoch) {
    for (const data::Batch &b : train.batches(64, {.shuffle = true, .seed = 7 + epoch}))
      t.step(b); // {"loss": .., "accuracy": ..}
    std::printf("epoch %u: test accuracy %.4f\n", epoch, t.evaluate(test).at("accuracy"));
  }
  t.save("digits.ckpt");                // atomic: parameters, optimizer state, step, generator
  export_onnx({logits}, "digits.onnx"); // only what logits depends on: no label, no loss
} // GAN: two Trainers over one Graph share its parameters; {.train = "^d\\."} picks those that move

void fine_tune() {
  Graph g = import_onnx("resnet18.onnx", {.dims = {{"batch", "N"}}}); // also re-opens a fixed batch of 1
  g.freeze(".*"); // regex over ONNX names; frozen batch norm keeps its statistics
  Tensor label = g.input("label", i64, {"N"});
  Tensor logits = nn::linear(5, {.name = "head"})(g["flatten"]); // any ONNX value by its name
  Trainer t = compile_train(nn::cross_entropy(logits, label), adam{.lr = 1e-3},
                            {.metrics = {{"accuracy", accuracy(logits, label)}}});
  auto [train, val] = data::npz("flowers.npz").split(0.9, 1);
  t.fit(train, {.epochs = 20,
                .batch = 32,
                .validation = val,
                .patience = 3,
                .checkpoint = "flowers.ckpt",
                .plot = "flowers.svg"});                   // resumes where the file stopped
  compile({logits}, {.dims = {{"N", 1}}}).save("flowers"); // native program; "x.so": library
}

void infer() { // compile_train implies training mode, compile inference mode
  Executable model = compile(import_onnx("digits.onnx"), {.dims = {{"N", 1}}, .threads = 2});
  Arrays out = model({{"x", data::read_npy("seven.npy")}}); // dtype and shape are checked
  std::printf("class %lld\n", (long long)out["logits"].argmax(-1).item<int64_t>());
  Context c = model.context(); // one for each thread; run() neither allocates nor throws
  c.input("x")[0] = 1.0f;
  if (c.run() == Code::ok)
    std::printf("%f\n", c.output("logits")[0]);
}

int main() {
  try {
    train_cnn();
    fine_tune();
    infer();
  } catch (const Error &e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return int(e.code());
  }
}
