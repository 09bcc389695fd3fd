//===- train.h - Compiled training ------------------------------*- C++ -*-===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TRAIN_H
#define INGOT_TRAIN_H

#include <functional>
#include <ingot/data.h>
#include <ingot/graph.h>

namespace ingot {

/// A learning rate: a constant, or a function of the number of steps done.
class Schedule {
public:
  Schedule(double rate) : rate([rate](uint64_t) { return rate; }) {}
  Schedule(std::function<double(uint64_t)> rate) : rate(std::move(rate)) {}
  double operator()(uint64_t step) const { return rate(step); }

private:
  std::function<double(uint64_t)> rate;
};

struct ScheduleOptions {
  uint64_t warmup = 0; ///< steps over which the rate grows linearly from 0
  double least = 0;    ///< the rate at the end
};
/// From `rate` down along half a cosine, over `steps` steps.
Schedule cosine(double rate, uint64_t steps, ScheduleOptions options = {});
/// `rate` times `factor` after every `every` steps.
Schedule step_decay(double rate, uint64_t every, double factor = 0.1);
/// Linearly from 0 to `rate` over `steps` steps, constant afterwards.
Schedule warmup(double rate, uint64_t steps);

/// Optimizers, with PyTorch's formulas and defaults.
struct sgd {
  Schedule lr = 1e-3;
  double momentum = 0, weight_decay = 0;
  bool nesterov = false;
  double clip_norm = 0; ///< limit on the norm of all gradients together; 0: none
};
struct rmsprop {
  Schedule lr = 1e-2;
  double alpha = 0.99, eps = 1e-8, momentum = 0, weight_decay = 0, clip_norm = 0;
};
struct adagrad {
  Schedule lr = 1e-2;
  double eps = 1e-10, weight_decay = 0, clip_norm = 0;
};
struct adam {
  Schedule lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0, clip_norm = 0;
};
struct adamw {
  Schedule lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 1e-2, clip_norm = 0;
};
using OptimizerSettings = std::variant<sgd, rmsprop, adagrad, adam, adamw>;

/// Parameters that the optimizer treats otherwise than the rest.
struct ParameterGroup {
  std::string pattern; ///< regular expression: those whose names contain a match and that no earlier group has
  double rate = 1;     ///< times the optimizer's learning rate
  std::optional<double> weight_decay = {}; ///< instead of the optimizer's
};

struct TrainSettings {
  std::map<std::string, Tensor> metrics = {}; ///< scalars to report beside the loss
  std::string train = ""; ///< regular expression: the parameters that move; "": all that are not frozen
  std::vector<ParameterGroup> groups = {};
  bool gradient_norms = false; ///< report "gradient_norm.NAME" of each parameter, before clipping
  uint64_t seed = 0;           ///< of dropout
  unsigned threads = 0;        ///< 0: the processor's cores
};

/// What `fit` does.
struct FitSettings {
  unsigned epochs = 1;
  int64_t batch = 32;
  std::optional<data::Dataset> validation = {};
  unsigned patience = 0;       ///< epochs without a better validation loss before it stops; 0: never
  std::string checkpoint = ""; ///< written after every epoch, and where training resumes when it is there
  std::string plot = "";       ///< a picture of loss and metrics: SVG, or a page when the name ends in .html
  uint64_t seed = 0;           ///< of the order of the samples
  bool quiet = false;          ///< no line for each epoch
};

/// Metrics by name, the loss under "loss".
using Metrics = std::map<std::string, double>;

/// A compiled step of training: forward, backward and optimizer as one native function. Trainers over one graph share
/// its parameters.
class Trainer {
public:
  /// One step on a batch: arrays by the names of inputs. The loss is that before the step.
  Metrics step(const Arrays &batch);
  /// Means over a data set in inference mode, weighted by the sizes of the batches.
  Metrics evaluate(const data::Dataset &dataset, int64_t batch = 256);
  /// The history: the metrics of each epoch, those of validation under "val_loss" and so on.
  std::vector<Metrics> fit(const data::Dataset &dataset, const FitSettings &settings = {});
  /// Steps done.
  uint64_t steps() const;
  /// Writes parameters, optimizer state and step to a file that is complete or not there; reads it back.
  void save(const std::string &path) const;
  void load(const std::string &path);

private:
  friend Trainer compile_train(const Tensor &loss, const OptimizerSettings &optimizer, const TrainSettings &settings);
  struct State;
  std::shared_ptr<State> state;
};

/// Compiles training of what `loss`, a scalar, depends on. Open sizes are bound by each batch.
Trainer compile_train(const Tensor &loss, const OptimizerSettings &optimizer, const TrainSettings &settings = {});

} // namespace ingot

#endif // INGOT_TRAIN_H
