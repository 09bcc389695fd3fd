//===- DataTest.cpp - Data from files -------------------------------------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/frontends/cpp/Message.h"
#include <cmath>
#include <fstream>
#include <gmock/gmock.h>
#include <ingot/ingot.h>
#include <set>

using namespace ingot;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A file that goes with its test.
class File {
public:
  File(const std::string &name, const std::string &text) : path(testing::TempDir() + "ingot-data-" + name) {
    std::ofstream(path, std::ios::binary) << text;
  }
  ~File() { std::remove(path.c_str()); }
  const std::string path;
};

std::vector<double> elements(const Array &array) {
  std::vector<double> values;
  for (int64_t i = 0; i < array.size(); ++i)
    values.push_back(array.at(i));
  return values;
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (int value : values)
    text += char(value);
  return text;
}

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

TEST(Csv, ReadsNumbers) {
  File file("table.csv", "\xef\xbb\xbf"
                         "age, \"price, net\",size\r\n1,-2.5,3e2\r\n\r\n +4 ,\"5\",.5\r\n");
  data::Dataset all = data::csv(file.path);
  EXPECT_EQ(all["x"].type_text(), "f32[2,3]");
  EXPECT_THAT(elements(all["x"]), ElementsAre(1, -2.5, 300, 4, 5, 0.5));
  data::Dataset split = data::csv(file.path, {.targets = {"price, net"}});
  EXPECT_THAT(elements(split["x"]), ElementsAre(1, 300, 4, 0.5));
  EXPECT_THAT(elements(split["y"]), ElementsAre(-2.5, 5));
  File plain("plain.csv", "1;2\n3;4");
  data::Dataset numbered = data::csv(plain.path, {.targets = {"0"}, .header = false, .separator = ';'});
  EXPECT_THAT(elements(numbered["y"]), ElementsAre(1, 3));
  EXPECT_EQ(numbered["y"].type_text(), "f32[2,1]");
}

TEST(Csv, NamesFileLineAndColumn) {
  auto read = [](const std::string &text, data::CsvSettings settings = {}) {
    File file("wrong.csv", text);
    return messageOf([&] { data::csv(file.path, settings); });
  };
  EXPECT_THAT(read("a,b\n1,2\n3,x4\n"), HasSubstr("wrong.csv:3: column 2 ('b'): got 'x4', want a number"));
  EXPECT_THAT(read("a,b\n\n1,\n"), HasSubstr("wrong.csv:3: column 2 ('b'): got '', want a number"));
  EXPECT_THAT(read("a\nnan\n"), HasSubstr("got 'nan', want a number"));
  EXPECT_THAT(read("a\n1e99\n"), HasSubstr("got '1e99', want a number"));
  EXPECT_THAT(read("a\n1 2\n"), HasSubstr("got '1 2', want a number"));
  EXPECT_THAT(read("1,2\n3,?\n", {.header = false}), HasSubstr("wrong.csv:2: column 2: got '?', want a number"));
  EXPECT_THAT(read("a,b\n1,2,3\n"), HasSubstr("wrong.csv:2: got 3 cells, want 2"));
  EXPECT_THAT(read("a,b\n1,\"2\n"), HasSubstr("wrong.csv:2: a quote is not closed"));
  EXPECT_THAT(read("a,b\n1,2\n", {.targets = {"c"}}), HasSubstr("there is no column 'c'"));
  EXPECT_THAT(read(""), HasSubstr("the table is empty"));
  EXPECT_EQ(messageOf([] { data::csv("absent.csv"); }), "cannot read absent.csv");
}

//===----------------------------------------------------------------------===//
// Images
//===----------------------------------------------------------------------===//

const std::string images = bytes({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3}) + "abcdef";
const std::string labels = bytes({0, 0, 8, 1, 0, 0, 0, 2, 7, 0});
// The labels, packed by gzip.
const std::string packed = bytes({0x1f, 0x8b, 8,    0,    0,    0, 0, 0,    2,    3,    0x63, 0x60, 0xe0, 0x60, 0x64,
                                  0x60, 0x60, 0x60, 0x62, 0x67, 0, 0, 0xde, 0x3a, 0xdd, 0xda, 0x0a, 0,    0,    0});

TEST(Mnist, ReadsPlainAndPackedFiles) {
  File x("images", images), y("labels", labels), z("labels.gz", packed);
  for (const std::string &path : {y.path, z.path}) {
    data::Dataset all = data::mnist(x.path, path);
    EXPECT_EQ(all["x"].type_text(), "u8[2,1,1,3]");
    EXPECT_THAT(elements(all["x"]), ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
    EXPECT_EQ(all["y"].dtype(), i64);
    EXPECT_THAT(elements(all["y"]), ElementsAre(7, 0));
  }
  File wide("wide", bytes({0, 0, 0x0b, 1, 0, 0, 0, 2, 1, 2, 0xff, 0xfe}));
  EXPECT_THAT(elements(data::read_idx(wide.path)), ElementsAre(258, -2));
}

TEST(Mnist, RefusesWhatIsCut) {
  auto read = [](const std::string &text) {
    File file("wrong.idx", text);
    return messageOf([&] { data::read_idx(file.path); });
  };
  for (size_t size = 4; size < images.size(); ++size)
    EXPECT_THAT(read(images.substr(0, size)), HasSubstr("wrong.idx: a truncated idx file")) << size;
  EXPECT_THAT(read(images + "g"), HasSubstr("a damaged idx file: it has 7 bytes of elements, want those of [2,1,3]"));
  EXPECT_THAT(read("abc"), HasSubstr("not an idx file"));
  EXPECT_THAT(read(bytes({0, 0, 5, 1})), HasSubstr("of the unknown type 5"));
  std::string many = bytes({0, 0, 8, 4}) + std::string(16, '\xff') + "abc";
  EXPECT_THAT(read(many), HasSubstr("a truncated idx file"));
  for (size_t size = 18; size < packed.size(); ++size)
    EXPECT_THAT(read(packed.substr(0, size)), HasSubstr("truncated")) << size;
  std::string damaged = packed;
  damaged[22] ^= 1;
  EXPECT_THAT(read(damaged), HasSubstr("a damaged or truncated gzip file"));
  File x("images", images), y("labels", bytes({0, 0, 8, 1, 0, 0, 0, 1, 7}));
  EXPECT_THAT(messageOf([&] { data::mnist(x.path, y.path); }), HasSubstr("has 2 images, and"));
  EXPECT_THAT(messageOf([&] { data::mnist(y.path, y.path); }), HasSubstr("want images u8[N,rows,columns]"));
  EXPECT_THAT(messageOf([&] { data::mnist(x.path, x.path); }), HasSubstr("want labels u8[N]"));
  EXPECT_EQ(messageOf([&] { data::mnist("absent", y.path); }), "cannot read absent");
}

TEST(Cifar10, ReadsBinaryFiles) {
  std::string record(3073, '\1');
  record[0] = 9;
  record[1] = '\xff';
  record[1 + 2 * 1024] = 5;
  File first("first.bin", record + std::string(3073, '\0')), second("second.bin", record);
  data::Dataset all = data::cifar10({first.path, second.path});
  EXPECT_EQ(all["x"].type_text(), "u8[3,3,32,32]");
  EXPECT_THAT(elements(all["y"]), ElementsAre(9, 0, 9));
  EXPECT_EQ(all["x"].at(0), 255);
  EXPECT_EQ(all["x"].at(2 * 1024), 5);
  EXPECT_EQ(all["x"].at(2 * 3072 + 2 * 1024), 5);
  auto read = [](const std::string &text) {
    File file("wrong.bin", text);
    return messageOf([&] { data::cifar10({file.path}); });
  };
  EXPECT_THAT(read(record.substr(1)), HasSubstr("it has 3072 bytes, want a multiple of 3073"));
  EXPECT_THAT(read(""), HasSubstr("it has 0 bytes"));
  record[0] = 10;
  EXPECT_THAT(read(std::string(3073, '\0') + record), HasSubstr("image 1 has the label 10, want one from 0 to 9"));
  EXPECT_EQ(messageOf([] { data::cifar10({"absent.bin"}); }), "cannot read absent.bin");
}

TEST(Image, IsResizedAsByPyTorch) {
  Arrays references = data::read_npz(INGOT_REFERENCES);
  const Array &x = references.at("resize.x");
  for (auto &[name, want] : references) {
    if (!name.starts_with("resize.to"))
      continue;
    Array got = image::resize(x, want.shape()[2], want.shape()[3]);
    ASSERT_EQ(got.shape(), want.shape());
    for (int64_t i = 0; i < want.size(); ++i)
      ASSERT_NEAR(got.at(i), want.at(i), 1e-6) << name << " at " << i;
  }
  Array normal = image::normalize(x, {0.5, 0.25}, {2, 0.5});
  EXPECT_FLOAT_EQ(float(normal.at(0)), float((x.at(0) - 0.5) / 2));
  EXPECT_FLOAT_EQ(float(normal.at(15)), float((x.at(15) - 0.25) / 0.5));
}

TEST(Image, ChangesBySeed) {
  Array x(f32, {64, 3, 4, 5});
  for (int64_t i = 0; i < x.size(); ++i)
    x.set(i, double(i % 60 + 1) / 61);
  auto same = [](const Array &a, const Array &b) { return elements(a) == elements(b); };
  auto row = [](const Array &images, int64_t n) { return elements(images.rows(n, n + 1)); };
  for (auto change : std::vector<std::function<Array(uint64_t)>>{
           [&](uint64_t seed) { return image::random_crop(x, 1, seed); },
           [&](uint64_t seed) { return image::random_flip(x, seed); },
           [&](uint64_t seed) { return image::colour_jitter(x, {0.4, 0.3, 0.2}, seed); }}) {
    EXPECT_TRUE(same(change(3), change(3)));
    EXPECT_FALSE(same(change(3), change(4)));
  }
  std::set<std::vector<double>> crops, flips;
  Array cropped = image::random_crop(x, 1, 7), flipped = image::random_flip(x, 7);
  for (int64_t n = 0; n < 64; ++n) {
    crops.insert(row(cropped, n));
    flips.insert(row(flipped, n));
  }
  EXPECT_EQ(crops.size(), 9u); // each way by -1, 0 or 1
  std::vector<double> mirrored = row(x, 0);
  for (auto line = mirrored.begin(); line != mirrored.end(); line += 5)
    std::reverse(line, line + 5);
  EXPECT_EQ(flips, (std::set<std::vector<double>>{row(x, 0), mirrored}));
  EXPECT_TRUE(same(image::random_crop(x, 0, 1), x));
  Array jittered = image::colour_jitter(x, {1, 1, 1}, 2);
  for (float v : jittered.as<float>())
    ASSERT_TRUE(v >= 0 && v <= 1);
  // Saturation keeps each pixel's grey, where nothing is cut off at 1.
  for (float &v : x.as<float>())
    v = 0.25f + v / 2;
  Array faded = image::colour_jitter(x, {.saturation = 0.5}, 2);
  auto grey = [](const Array &a, int64_t i) { return 0.299 * a.at(i) + 0.587 * a.at(i + 20) + 0.114 * a.at(i + 40); };
  for (int64_t i = 0; i < 20; ++i)
    EXPECT_NEAR(grey(faded, i), grey(x, i), 1e-6);
}

TEST(Image, IsWritten) {
  File file("picture", "");
  auto written = [&](const Array &images, int64_t across) {
    image::write(file.path, images, across);
    return text::read(file.path);
  };
  Array grey({3, 1, 1, 2}, {0.f, 1.f, 0.2f, 0.4f, -1.f, 9.f});
  EXPECT_EQ(written(grey, 2), "P5\n4 2\n255\n" + bytes({0, 255, 51, 102, 0, 255, 0, 0}));
  EXPECT_EQ(written(grey, 9), "P5\n6 1\n255\n" + bytes({0, 255, 51, 102, 0, 255}));
  Array colours({1, 3, 2, 1}, {0.f, 0.2f, 0.4f, 0.6f, 0.8f, 1.f});
  EXPECT_EQ(written(colours, 1), "P6\n1 2\n255\n" + bytes({0, 102, 204, 51, 153, 255}));
  EXPECT_THAT(messageOf([&] { written(Array(f32, {1, 2, 1, 1}), 1); }), HasSubstr("got f32[1,2,1,1], 1 in each row"));
  EXPECT_THAT(messageOf([&] { image::write("absent/file", grey); }), HasSubstr("cannot write absent/file"));
}

TEST(Image, RefusesOtherArrays) {
  Array bytes(u8, {1, 1, 2, 2}), flat(f32, {2, 2}), x(f32, {1, 1, 2, 2});
  EXPECT_THAT(messageOf([&] { image::random_flip(bytes, 0); }), HasSubstr("random_flip: got u8[1,1,2,2], want images"));
  EXPECT_THAT(messageOf([&] { image::resize(flat, 1, 1); }), HasSubstr("got f32[2,2]"));
  EXPECT_THAT(messageOf([&] { image::resize(x, 0, 1); }), HasSubstr("to 0 rows"));
  EXPECT_THAT(messageOf([&] { image::normalize(x, {1, 2}, {1}); }), HasSubstr("got 2 means and 1 deviations"));
  EXPECT_THAT(messageOf([&] { image::normalize(x, {1}, {0}); }), HasSubstr("want one above 0"));
  EXPECT_THAT(messageOf([&] { image::random_crop(x, -1, 0); }), HasSubstr("a padding of -1"));
  EXPECT_THAT(messageOf([&] { image::colour_jitter(x, {.contrast = 2}, 0); }), HasSubstr("want one from 0 to 1"));
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

TEST(Text, IsCutIntoWordsAndCharacters) {
  EXPECT_THAT(text::tokenize("Don't PANIC,  42!\n", text::Units::words),
              ElementsAre("don", "'", "t", "panic", ",", "42", "!"));
  EXPECT_THAT(text::tokenize("caf\xc3\xa9 \xff", text::Units::characters),
              ElementsAre("c", "a", "f", "\xc3\xa9", " ", "\xff"));
}

TEST(Text, IsNumberedPaddedAndCut) {
  text::Vocabulary words({"b a c a", "b a d"}, {.most = 3});
  EXPECT_EQ(words.size(), 5);
  Array encoded = words.encode({"a b c", "d a", "c b a a b"}, 4);
  EXPECT_EQ(encoded.type_text(), "i64[3,4]");
  EXPECT_THAT(elements(encoded), ElementsAre(2, 3, 4, 0, 1, 2, 0, 0, 4, 3, 2, 2));
  EXPECT_EQ(words.decode(encoded.rows(1, 2).as<int64_t>()), "? a");
  EXPECT_EQ(text::Vocabulary({"b a c a", "b a d"}, {.least = 2}).size(), 4);
  EXPECT_THAT(messageOf([&] { words.token(5); }), HasSubstr("index 5 is not in a vocabulary of 5"));
  EXPECT_THAT(messageOf([&] { words.encode({"a"}, 0); }), HasSubstr("a length of 0"));
}

TEST(Text, KeepsItsVocabulary) {
  std::string all = "to be\nor \\n not\t\xc3\xa9";
  text::Vocabulary characters({all}, {.units = text::Units::characters});
  File file("vocabulary", "");
  characters.save(file.path);
  text::Vocabulary loaded = text::Vocabulary::load(file.path);
  EXPECT_EQ(loaded.size(), characters.size());
  EXPECT_EQ(loaded.encode(all), characters.encode(all));
  EXPECT_EQ(loaded.decode(loaded.encode(all)), all);
  auto load = [](const std::string &text) {
    File file("wrong", text);
    return messageOf([&] { text::Vocabulary::load(file.path); });
  };
  EXPECT_THAT(load(""), HasSubstr("not a vocabulary"));
  EXPECT_THAT(load("a\nb\n"), HasSubstr("not a vocabulary"));
  EXPECT_THAT(load("ingot vocabulary of words\na\nb"), HasSubstr("a truncated vocabulary"));
  EXPECT_THAT(load("ingot vocabulary of words\na\na\n"), HasSubstr("wrong:3: 'a' stands there twice"));
  EXPECT_THAT(load("ingot vocabulary of words\n\n"), HasSubstr("wrong:2: an empty line"));
  EXPECT_EQ(messageOf([] { text::Vocabulary::load("absent"); }), "cannot read absent");
  EXPECT_THAT(messageOf([&] { characters.save("absent/file"); }), HasSubstr("cannot write absent/file"));
}

TEST(Text, IsDrawnByItsOdds) {
  std::vector<float> scores;
  for (double odds : {0.15, 0.5, 0.05, 0.3})
    scores.push_back(float(std::log(odds) + 7));
  /// What uniform numbers around each of the wanted bounds draw, one after another.
  auto draws = [&](const text::SamplingSettings &settings, const std::vector<double> &bounds) {
    std::vector<int64_t> drawn = {text::sample(scores, settings, 0)};
    for (double bound : bounds) {
      EXPECT_EQ(text::sample(scores, settings, bound - 1e-4), drawn.back());
      drawn.push_back(text::sample(scores, settings, bound + 1e-4));
    }
    EXPECT_EQ(text::sample(scores, settings, 1 - 0x1p-53), drawn.back());
    return drawn;
  };
  EXPECT_THAT(draws({}, {0.5, 0.8, 0.95}), ElementsAre(1, 3, 0, 2));
  EXPECT_THAT(draws({.top_k = 1}, {}), ElementsAre(1));
  EXPECT_THAT(draws({.top_k = 2}, {0.5 / 0.8}), ElementsAre(1, 3));
  EXPECT_THAT(draws({.top_k = 9}, {0.5, 0.8, 0.95}), ElementsAre(1, 3, 0, 2));
  EXPECT_THAT(draws({.top_p = 0.79}, {0.5 / 0.8}), ElementsAre(1, 3));
  EXPECT_THAT(draws({.top_p = 0.81}, {0.5 / 0.95, 0.8 / 0.95}), ElementsAre(1, 3, 0));
  EXPECT_THAT(draws({.top_p = 0.01}, {}), ElementsAre(1));
  // The share is one of what the number leaves.
  EXPECT_THAT(draws({.top_k = 2, .top_p = 0.6}, {}), ElementsAre(1));
  EXPECT_THAT(draws({.temperature = 0.5}, {0.25 / 0.365, 0.34 / 0.365, 0.3625 / 0.365}), ElementsAre(1, 3, 0, 2));
  scores = {1, 3, 3, -INFINITY};
  EXPECT_EQ(text::sample(scores, {.top_k = 1}, 0.9), 1);
  EXPECT_EQ(text::sample(scores, {}, 0.9999), 0);
  EXPECT_THAT(messageOf([&] { text::sample({}, {}, 0); }), HasSubstr("there are no scores"));
  EXPECT_THAT(messageOf([&] { text::sample(scores, {.top_p = 0}, 0); }), HasSubstr("got a top_k of 0, a top_p of 0.0"));
  scores = {1, NAN};
  EXPECT_THAT(messageOf([&] { text::sample(scores, {}, 0); }), HasSubstr("score 1 is nan"));
}

TEST(Dataset, SplitsInThree) {
  Array x(f32, {10});
  for (int64_t i = 0; i < 10; ++i)
    x.set(i, double(i));
  auto [train, validation, test] = data::Dataset({{"x", x}}).split(0.6, 0.3, 5);
  EXPECT_EQ(train.size(), 6);
  EXPECT_EQ(validation.size(), 3);
  EXPECT_EQ(test.size(), 1);
  std::set<double> all;
  for (const data::Dataset &part : {train, validation, test})
    for (double value : elements(part["x"]))
      all.insert(value);
  EXPECT_EQ(all.size(), 10u);
  EXPECT_THAT(messageOf([&] { data::Dataset({{"x", x}}).split(0.6, 0.5, 5); }), HasSubstr("not more than 1 together"));
}

} // namespace
