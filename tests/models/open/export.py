#!/usr/bin/env python3
#===- export.py - Models with open dimensions, and their outputs -----------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Writes the models beside this file and a test_data_set_K for each of their sizes. Needs torch and onnx."""
import pathlib
import shutil

import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn


class Convolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16)
        self.inner, self.wide = nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 24, 1)
        self.depthwise, self.last = nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.Linear(24, 5)
        self.norm.running_mean.uniform_(-0.2, 0.2)
        self.norm.running_var.uniform_(0.5, 1.5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.stem(x))), 2)
        x = F.relu6(self.depthwise(x + F.relu(self.inner(x))))
        return F.softmax(self.last(F.relu(self.wide(x)).mean((2, 3))), -1)


class Recurrent(nn.Module):
    def __init__(self, inputs=6, hidden=20, steps=5):
        super().__init__()
        self.gru, self.lstm, self.last = nn.GRUCell(inputs, hidden), nn.LSTMCell(hidden, hidden), nn.Linear(hidden, 3)
        self.steps, self.hidden = steps, hidden

    def forward(self, x):
        h, g, c = (torch.zeros(x.shape[0], self.hidden) for _ in range(3))
        for t in range(self.steps):
            ir, iz, im = F.linear(x[:, t], self.gru.weight_ih, self.gru.bias_ih).chunk(3, 1)
            hr, hz, hm = F.linear(h, self.gru.weight_hh, self.gru.bias_hh).chunk(3, 1)
            z = torch.sigmoid(iz + hz)
            h = (1 - z) * torch.tanh(im + torch.sigmoid(ir + hr) * hm) + z * h
            gates = F.linear(h, self.lstm.weight_ih, self.lstm.bias_ih) + F.linear(g, self.lstm.weight_hh, self.lstm.bias_hh)
            i, f, u, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(u)
            g = torch.sigmoid(o) * torch.tanh(c)
        return self.last(g)


class Layers(nn.Module):
    """ONNX's own LSTM and GRU, both ways."""

    def __init__(self, inputs=6, hidden=20):
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, num_layers=2, bidirectional=True)
        self.gru, self.last = nn.GRU(2 * hidden, hidden), nn.Linear(hidden, 3)

    def forward(self, x):
        y, (h, _) = self.lstm(x)
        return self.last(self.gru(y)[0]), h


class States(nn.Module):
    """First states that have the batch's size: zeros, and a row that every example starts from."""

    def __init__(self, inputs=6, hidden=20):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(inputs, hidden), nn.GRU(hidden, hidden)
        self.first = nn.Parameter(torch.randn(1, 1, hidden))

    def forward(self, x):
        y, (h, _) = self.lstm(x)
        return self.gru(y, self.first.expand(1, x.shape[1], -1))[0], h


class Sequence(nn.Module):
    def forward(self, x, y):
        z = torch.cat([x, y], 1)
        z = z[:, 1:] - z[:, :-1]
        return z.cumsum(1)[:, -1], torch.softmax(z, 1), (x.unsqueeze(2) * y.unsqueeze(1)).amax(1), z.flatten(0, 1) * 2


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 48), nn.Linear(48, width)

    def forward(self, x, mask, heads=4):
        batch, length, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, length, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-1, -2)) / (width // heads) ** 0.5
        weights = scores.masked_fill(mask[:, :, :length, :length] == 0, float("-inf")).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, words=19, width=32, longest=64):
        super().__init__()
        self.words, self.positions = nn.Embedding(words, width), nn.Embedding(longest, width)
        self.blocks, self.last = nn.ModuleList(Block(width) for _ in range(2)), nn.Linear(width, 7)
        self.register_buffer("mask", torch.tril(torch.ones(longest, longest)).view(1, 1, longest, longest))

    def forward(self, ids):
        x = self.words(ids) + self.positions(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x, self.mask)
        return self.last(x), x.mean(1)


def write(name, model, axes, sizes, make):
    folder = pathlib.Path(__file__).parent / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    model = model.eval()
    for number, size in enumerate(sizes):
        inputs = make(*size)
        with torch.no_grad():
            outputs = model(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        names = [f"y{i}" for i in range(len(outputs))]
        if number == 0:
            example = make(*(n + 1 for n in size))
            torch.onnx.export(model, example, str(folder / "model.onnx"), input_names=list(axes), output_names=names,
                              dynamic_axes=axes, dynamo=False, opset_version=17)
        data = folder / f"test_data_set_{number}"
        data.mkdir()
        for kind, labels, tensors in (("input", axes, inputs), ("output", names, outputs)):
            for i, (label, tensor) in enumerate(zip(labels, tensors)):
                (data / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(tensor.numpy(), label).SerializeToString())


def main():
    torch.manual_seed(0)
    r, image = torch.randn, Convolution()
    write("convolution", image, {"x": {0: "N"}}, [(1,), (2,), (5,), (7,), (8,)], lambda n: (r(n, 3, 12, 12),))
    write("convolution_image", image, {"x": {0: "N", 2: "H", 3: "W"}},
          [(1, 8, 8), (2, 11, 12), (3, 24, 17), (4, 24, 24), (1, 9, 23)], lambda n, h, w: (r(n, 3, h, w),))
    write("recurrent", Recurrent(), {"x": {0: "N"}}, [(1,), (3,), (16,), (17,)], lambda n: (r(n, 5, 6),))
    write("layers", Layers(), {"x": {1: "N"}}, [(1,), (3,), (8,), (13,)], lambda n: (r(7, n, 6),))
    write("sequence", Sequence(), {"x": {0: "N", 1: "S"}, "y": {0: "N", 1: "T"}}, [(1, 2, 1), (2, 9, 4), (3, 10, 7)],
          lambda n, s, t: (r(n, s, 6), r(n, t, 6)))
    write("transformer", Transformer(), {"ids": {0: "B", 1: "S"}}, [(1, 1), (1, 17), (3, 16), (2, 33), (4, 40)],
          lambda b, s: (torch.randint(0, 19, (b, s)),))
    write("states", States(), {"x": {1: "N"}}, [(1,), (2,), (5,), (8,)], lambda n: (r(7, n, 6),))


main()
