#!/usr/bin/env python3
#===- random_references.py - PyTorch's values of what is drawn -------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Writes random_references.npz beside this file: what PyTorch draws initial values from, and networks with dropout.

    initializer.NAME.SHAPE.{shape,range or moments,quantiles}    low and high of uniform values, or mean and deviation of
                                                                 normal ones, as PyTorch passes them to its generator
    dropout.NAME.{seed,x,target,start.PARAMETER}
    dropout.NAME.stepI.{y,loss,gradient.PARAMETER,PARAMETER}     under the masks that Ingot's generator draws
    dropout.NAME.other.gradient.PARAMETER                        of step 0, under the mask of step 1 backward only"""
import pathlib

import numpy as np
import torch
from torch import nn

torch.manual_seed(17)
out = {}

#===------------------------------------------------------------------------===#
# Initial values
#===------------------------------------------------------------------------===#

drawn = {}


def record(kind):
    draw = getattr(torch.Tensor, kind + "_")

    def drawing(self, first=0.0, second=1.0, **options):
        drawn[self.data_ptr()] = kind, first, second
        return draw(self, first, second, **options)
    setattr(torch.Tensor, kind + "_", drawing)


record("uniform")
record("normal")


def initializer(name, p):
    kind, *parameters = drawn[p.data_ptr()]
    values = np.sort(p.detach().numpy().reshape(-1))
    out[f"initializer.{name}.shape"] = np.array(p.shape)
    out[f"initializer.{name}.{'range' if kind == 'uniform' else 'moments'}"] = np.array(parameters, np.float64)
    out[f"initializer.{name}.quantiles"] = values[np.arange(1, 64) * len(values) // 64]


shapes = {"wide": (300, 700), "tall": (1100, 130), "conv1d": (130, 210, 5), "conv2d": (64, 96, 5, 5),
          "conv3d": (96, 48, 3, 3, 3)}
for name, init in (("xavier_uniform", nn.init.xavier_uniform_), ("xavier_normal", nn.init.xavier_normal_),
                   ("xavier_uniform_tanh", lambda p: nn.init.xavier_uniform_(p, nn.init.calculate_gain("tanh"))),
                   ("xavier_normal_tanh", lambda p: nn.init.xavier_normal_(p, nn.init.calculate_gain("tanh"))),
                   ("he_uniform", lambda p: nn.init.kaiming_uniform_(p, nonlinearity="relu")),
                   ("he_normal", lambda p: nn.init.kaiming_normal_(p, nonlinearity="relu")),
                   ("normal", lambda p: nn.init.normal_(p, 0.5, 0.3)),
                   ("uniform", lambda p: nn.init.uniform_(p, -0.1, 0.7))):
    for kind, shape in shapes.items():
        initializer(f"{name}.{kind}", init(torch.empty(shape)))

# What layers begin with. Biases are many where there are many outputs.
for name, module in (("linear", nn.Linear(700, 300)), ("linear_of_few", nn.Linear(3, 100003)),
                     ("conv1d", nn.Conv1d(5, 100001, 3)), ("conv2d", nn.Conv2d(96, 64, 5)),
                     ("conv2d_of_groups", nn.Conv2d(128, 320, 5, groups=8)), ("conv3d", nn.Conv3d(48, 96, 3)),
                     ("conv_transpose1d", nn.ConvTranspose1d(200, 150, 5)),
                     ("conv_transpose2d", nn.ConvTranspose2d(160, 96, 5, groups=2)),
                     ("conv_transpose3d", nn.ConvTranspose3d(48, 96, 3)), ("embedding", nn.Embedding(1000, 130))):
    for part, p in module.named_parameters():
        if p.numel() >= 100000:
            initializer(f"layer.{name}.{part}", p)
for name, module in (("rnn", nn.RNN(330, 320)), ("lstm", nn.LSTM(150, 170)), ("gru", nn.GRU(180, 190))):
    for part in ("weight_ih", "weight_hh"):
        initializer(f"layer.{name}.{part}_0", getattr(module, part + "_l0"))
attention = nn.MultiheadAttention(330, 3)
initializer("layer.attention.in", attention.in_proj_weight)
initializer("layer.attention.out", attention.out_proj.weight)

#===------------------------------------------------------------------------===#
# Dropout
#===------------------------------------------------------------------------===#


def mixed(x):
    """lowbias32 (Wellons, "Prospecting for Hash Functions")."""
    x = x ^ x >> np.uint32(16)
    x = x * np.uint32(0x7feb352d)
    x = x ^ x >> np.uint32(15)
    x = x * np.uint32(0x846ca68b)
    return x ^ x >> np.uint32(16)


def key_of_step(seed, step):
    """The lower half of SplitMix64's output (Steele, Lea and Flood 2014)."""
    z = (seed + 0x9e3779b97f4a7c15 * (step + 1)) % 2 ** 64
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 % 2 ** 64
    z = (z ^ z >> 27) * 0x94d049bb133111eb % 2 ** 64
    return (z ^ z >> 31) % 2 ** 32


def mask(seed, step, number, ratio, shape):
    """The factors of the elements that the graph's dropout of this number, from 1 on, multiplies them by."""
    key = mixed(np.array([(key_of_step(seed, step) + number * 0x9e3779b9) % 2 ** 32], np.uint32))
    bits = mixed(np.arange(np.prod(shape), dtype=np.uint32) ^ key).reshape(shape)
    return torch.from_numpy(np.where(bits >= int(ratio * 2 ** 32), 1 / (1 - ratio), 0).astype(np.float32))


def network(name, seed, shape, steps=4, rate=0.5):
    p = {"x": torch.randn(*shape, 9)}
    layers = {"a": nn.Linear(9, 16), "b": nn.Linear(16, 11), "c": nn.Linear(11, 3)}
    p |= {f"{l}.{part}": value.data for l, module in layers.items() for part, value in module.named_parameters()}
    p = {part: value.clone().requires_grad_() for part, value in p.items()}
    target = torch.randn(*shape, 3)
    keep = lambda part, value: out.update({f"dropout.{name}.{part}": value.detach().numpy().copy()})
    out[f"dropout.{name}.seed"] = np.array([seed], np.int64)
    keep("target", target)
    for part, value in p.items():
        keep(f"start.{part}", value)

    def gradients(step, backward):
        def drop(h, number, ratio):
            ratio = float(np.float32(ratio))
            there, back = (mask(seed, at, number, ratio, h.shape) for at in (step, backward))
            return h * back + (h * (there - back)).detach()

        linear = lambda h, l: h @ p[l + ".weight"].T + p[l + ".bias"]
        h = drop(torch.tanh(linear(p["x"], "a")), 1, 0.4)
        y = linear(drop(torch.relu(linear(h, "b")), 2, 0.25), "c")
        loss = nn.functional.mse_loss(y, target, reduction="sum") / 10
        return y, loss, torch.autograd.grad(loss, list(p.values()))

    for part, gradient in zip(p, gradients(0, 1)[2]):
        keep(f"other.gradient.{part}", gradient)
    for step in range(steps):
        y, loss, found = gradients(step, step)
        keep(f"step{step}.y", y)
        keep(f"step{step}.loss", loss)
        for (part, value), gradient in zip(p.items(), found):
            value.data -= rate * gradient
            keep(f"step{step}.gradient.{part}", gradient)
            keep(f"step{step}.{part}", value)


network("matrix", 7, (5,))
network("steps", 2 ** 40 + 11, (2, 3))
np.savez_compressed(pathlib.Path(__file__).with_name("random_references.npz"), **out)
