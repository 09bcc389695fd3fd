#!/usr/bin/env python3
#===- train.py - Trains the digit model of the demo ------------------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Trains a small convolutional network on scikit-learn's handwritten digits and writes model.onnx, ten pictures that
the network has not seen, and a test_data_set_0 beside this file. Needs torch, scikit-learn, onnx and numpy."""
import pathlib

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

here = pathlib.Path(__file__).resolve().parent
torch.manual_seed(0)
torch.use_deterministic_algorithms(True)

digits = load_digits()
pictures = (digits.images / 16).astype(np.float32)[:, None]
train_x, test_x, train_y, test_y = train_test_split(pictures, digits.target, test_size=0.2, random_state=0,
                                                    stratify=digits.target)

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 2 * 2, 10))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
epochs, batch = 40, 64
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=epochs * -(-len(train_x) // batch))
x, y = torch.tensor(train_x), torch.tensor(train_y)
for _ in range(epochs):
    for part in torch.randperm(len(x)).split(batch):
        # Pictures moved by up to one pixel are pictures of the same digit.
        shift = tuple(torch.randint(-1, 2, (2,)).tolist())
        loss = nn.functional.cross_entropy(model(torch.roll(x[part], shift, (2, 3))), y[part], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()

model.eval()
with torch.no_grad():
    answers = model(torch.tensor(test_x)).argmax(1).numpy()
print(f"{(answers == test_y).sum()} of {len(test_y)} unseen pictures are right ({(answers == test_y).mean():.2%})")

full = nn.Sequential(model, nn.Softmax(dim=1))
full.eval()
torch.onnx.export(full, torch.zeros(1, 1, 8, 8), str(here / "model.onnx"), input_names=["picture"],
                  output_names=["probabilities"], opset_version=17, dynamo=False)
exported = onnx.load(here / "model.onnx")
exported.doc_string = "handwritten digits, 8x8 grey levels in [0, 1]"
onnx.save(exported, here / "model.onnx")

chosen = [int(np.flatnonzero(test_y == digit)[0]) for digit in range(10)]
for digit, index in enumerate(chosen):
    np.save(here / f"digit{digit}.npy", test_x[index:index + 1])
data = here / "test_data_set_0"
data.mkdir(exist_ok=True)
three = test_x[chosen[3]:chosen[3] + 1]
with torch.no_grad():
    want = full(torch.tensor(three)).numpy()
for name, value, file in [("picture", three, "input_0.pb"), ("probabilities", want, "output_0.pb")]:
    (data / file).write_bytes(numpy_helper.from_array(value, name).SerializeToString())
