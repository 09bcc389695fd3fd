//===- MetricsTest.cpp - Metrics beside scikit-learn ----------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cmath>
#include <gmock/gmock.h>
#include <ingot/ingot.h>

using namespace ingot;
using testing::HasSubstr;

namespace {

const Arrays &references() {
  static const Arrays arrays = data::read_npz(INGOT_METRIC_REFERENCES);
  return arrays;
}

using Average = metrics::Average;

void checkClasses(const std::string &name, std::vector<std::pair<const char *, Average>> averages) {
  SCOPED_TRACE(name);
  const Array &outputs = references().at(name + ".outputs"), &labels = references().at(name + ".labels");
  auto want = [&](const std::string &metric) { return references().at(name + "." + metric).at(0); };
  EXPECT_DOUBLE_EQ(metrics::accuracy(outputs, labels), want("accuracy"));
  for (auto [ending, average] : averages) {
    SCOPED_TRACE(ending);
    EXPECT_NEAR(metrics::precision(outputs, labels, {average}), want(std::string("precision_") + ending), 1e-14);
    EXPECT_NEAR(metrics::recall(outputs, labels, {average}), want(std::string("recall_") + ending), 1e-14);
    EXPECT_NEAR(metrics::f1(outputs, labels, {average}), want(std::string("f1_") + ending), 1e-14);
  }
  const Array &table = references().at(name + ".confusion");
  Array got = metrics::confusion(outputs, labels);
  ASSERT_EQ(got.shape(), table.shape());
  for (int64_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(got.at(i), table.at(i)) << i;
}

TEST(Metrics, OfClassesAreThoseOfScikitLearn) {
  std::vector<std::pair<const char *, Average>> several = {
      {"macro", Average::macro}, {"micro", Average::micro}, {"weighted", Average::weighted}};
  checkClasses("scores", several);
  checkClasses("labels", several);
  checkClasses("sequence", several);
  several.push_back({"binary", Average::binary});
  checkClasses("binary", several);
}

TEST(Metrics, ChooseTheAverageByTheClasses) {
  for (auto [name, ending] : {std::pair("scores", "macro"), std::pair("binary", "binary")}) {
    std::string prefix = name;
    EXPECT_NEAR(metrics::f1(references().at(prefix + ".outputs"), references().at(prefix + ".labels")),
                references().at(prefix + ".f1_" + ending).at(0), 1e-14);
  }
}

TEST(Metrics, OfNumbersAreThoseOfScikitLearn) {
  for (std::string name : {"column", "columns"}) {
    SCOPED_TRACE(name);
    const Array &outputs = references().at(name + ".outputs"), &targets = references().at(name + ".labels");
    auto want = [&](const char *metric) { return references().at(name + "." + metric).at(0); };
    // scikit-learn computes a column of f32 in f32.
    double tolerance = outputs.dtype() == f32 ? 1e-6 : 1e-12;
    EXPECT_NEAR(metrics::mse(outputs, targets), want("mse"), tolerance * want("mse"));
    EXPECT_NEAR(metrics::rmse(outputs, targets), want("rmse"), tolerance * want("rmse"));
    EXPECT_NEAR(metrics::mae(outputs, targets), want("mae"), tolerance * want("mae"));
    EXPECT_NEAR(metrics::r2(outputs, targets), want("r2"), tolerance * std::abs(want("r2")) + 1e-12);
  }
}

TEST(Metrics, RefuseWhatDoesNotFit) {
  Array scores(f32, {4, 3}), labels(i64, {5});
  try {
    metrics::accuracy(scores, labels);
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("got f32[4,3] for targets i64[5], want as many samples"));
  }
  Array far(i64, {4});
  far.set(2, -1);
  try {
    metrics::accuracy(scores, far);
    FAIL();
  } catch (const Error &error) {
    EXPECT_THAT(error.what(), HasSubstr("want the number of a class"));
  }
}

} // namespace
