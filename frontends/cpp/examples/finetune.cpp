//===- finetune.cpp - Fine-tuning an imported model -----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A network that knows the digits 0 to 4 goes through an ONNX file. Its layers, frozen, serve a new head that tells 5
// to 9.

#include <cstdio>
#include <filesystem>
#include <ingot/ingot.h>
using namespace ingot;

static data::Dataset classes(const data::Dataset &all, int64_t first) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < all.size(); ++i)
    if (all["y"].at(i) >= double(first) && all["y"].at(i) < double(first + 5))
      places.push_back(i);
  Arrays arrays = all.rows(places).arrays();
  for (int64_t &label : arrays["y"].as<int64_t>())
    label -= first;
  return data::Dataset(arrays);
}

static double fit(Trainer t, const data::Dataset &train, const data::Dataset &test, unsigned epochs) {
  for (unsigned epoch = 0; epoch < epochs; ++epoch)
    for (const data::Batch &b : train.batches(32, {.shuffle = true, .seed = epoch, .drop_last = true}))
      t.step(b);
  return t.evaluate(test, test.size()).at("accuracy");
}

int main(int argc, char **argv) try {
  data::Dataset all = data::npz(std::string(argc > 1 ? argv[1] : "tests/data") + "/digits.npz");
  std::string path = (std::filesystem::temp_directory_path() / "ingot-backbone.onnx").string();
  auto train_on = [&](Graph g, const Tensor &logits, int64_t first, unsigned epochs) {
    auto [train, test] = classes(all, first).split(0.8, /*seed=*/1);
    Tensor y = g.input("y", i64, {"N"});
    return fit(
        compile_train(nn::cross_entropy(logits, y), adam{.lr = 3e-3}, {.metrics = {{"accuracy", accuracy(logits, y)}}}),
        train, test, epochs);
  };
  {
    Graph g(1);
    Tensor x = g.input("x", u8, {"N", 1, 8, 8});
    auto backbone = nn::sequential({nn::conv2d(16, 3, {.padding = 1}), nn::batch_norm(), nn::relu(),
                                    nn::conv2d(32, 3, {.padding = 1}), nn::batch_norm(), nn::relu(), nn::max_pool2d(2),
                                    nn::flatten()},
                                   "backbone");
    Tensor features = backbone(cast(x, f32) / 16).named("features");
    Tensor logits = nn::linear(5, {.name = "head"})(features).named("logits");
    std::printf("digits 0 to 4: accuracy %.1f %%\n", 100 * train_on(g, logits, 0, 5));
    export_onnx({logits}, path);
  }
  Graph g = import_onnx(path);
  std::filesystem::remove(path);
  g.freeze(".*");
  std::map<std::string, Array> before;
  for (const std::string &name : g.parameters())
    before[name] = g.value(name);
  Tensor logits = nn::linear(5, {.name = "new_head"})(g["features"]);
  double reached = train_on(g, logits, 5, 5);
  int64_t moved = 0;
  for (auto &[name, value] : before)
    for (int64_t i = 0; i < value.size(); ++i)
      moved += g.value(name).at(i) != value.at(i);
  std::printf("digits 5 to 9 on its frozen layers: accuracy %.1f %%, want at least 95 %%; %lld frozen numbers moved\n",
              100 * reached, (long long)moved);
  return reached >= 0.95 && moved == 0 ? 0 : 3;
} catch (const Error &e) {
  std::fprintf(stderr, "error: %s\n", e.what());
  return int(e.code());
}
