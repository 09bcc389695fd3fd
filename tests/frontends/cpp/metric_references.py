#!/usr/bin/env python3
#===- metric_references.py - scikit-learn's values of metrics --------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Writes metric_references.npz beside this file: what scikit-learn says of predictions.

    CASE.{outputs,labels}     scores and labels
    CASE.METRIC[_AVERAGE]     accuracy, precision, recall, f1, confusion, or mse, rmse, mae, r2"""
import pathlib

import numpy as np
from sklearn import metrics as m

rng = np.random.default_rng(3)
out = {}


def classes(case, outputs, labels, predicted, averages):
    out[f"{case}.outputs"], out[f"{case}.labels"] = outputs, labels
    truth, predicted = labels.reshape(-1), predicted.reshape(-1)
    out[f"{case}.accuracy"] = m.accuracy_score(truth, predicted)
    out[f"{case}.confusion"] = m.confusion_matrix(truth, predicted, labels=range(max(truth.max(), predicted.max()) + 1))
    for average in averages:
        out[f"{case}.precision_{average}"] = m.precision_score(truth, predicted, average=average, zero_division=0)
        out[f"{case}.recall_{average}"] = m.recall_score(truth, predicted, average=average, zero_division=0)
        out[f"{case}.f1_{average}"] = m.f1_score(truth, predicted, average=average, zero_division=0)


def numbers(case, outputs, targets):
    out[f"{case}.outputs"], out[f"{case}.labels"] = outputs, targets
    out[f"{case}.mse"] = m.mean_squared_error(targets, outputs)
    out[f"{case}.rmse"] = np.sqrt(m.mean_squared_error(targets, outputs))
    out[f"{case}.mae"] = m.mean_absolute_error(targets, outputs)
    out[f"{case}.r2"] = m.r2_score(targets, outputs)


several = ["macro", "micro", "weighted"]
scores, labels = rng.standard_normal((101, 7)).astype(np.float32), rng.integers(0, 7, 101)
scores[np.arange(101), labels] += 1
classes("scores", scores, labels, scores.argmax(1), several)
# Class 4 is never predicted and class 2 never true.
labels, predicted = rng.choice([0, 1, 3, 4], 53), rng.choice([0, 1, 2, 3], 53)
classes("labels", predicted, labels, predicted, several)
# A class for each place of a sequence.
scores, labels = rng.standard_normal((5, 3, 11)).astype(np.float32), rng.integers(0, 3, (5, 11))
classes("sequence", scores, labels, scores.argmax(1), several)
scores, labels = rng.random((67, 1)).astype(np.float32), rng.integers(0, 2, 67)
classes("binary", scores, labels, (scores > 0.5).astype(np.int64), ["binary", *several])
numbers("column", rng.standard_normal(31).astype(np.float32), (rng.standard_normal(31) + 3).astype(np.float32))
targets = rng.standard_normal((29, 4)) * [1, 5, 20, 100] + 1000
numbers("columns", targets + rng.standard_normal((29, 4)), targets)
np.savez_compressed(pathlib.Path(__file__).with_name("metric_references.npz"), **out)
