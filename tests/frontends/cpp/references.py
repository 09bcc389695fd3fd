#!/usr/bin/env python3
#===- references.py - PyTorch's values for the C++ interface --------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Writes references.npz beside this file: what PyTorch computes of layers, losses, optimizers and schedules.

    loss.NAME.{x,target,value,gradient}
    layer.NAME.{x,weights...,y,gradient.x,gradient.weights...}    gradients of sum(y * cos(0, 1, 2, ...))
    optimizer.NAME.{start,step1..step10}                          of sum((w - a)^2 * b), a = 1, 2, ..., b = 0.5, 1, ...
    schedule.NAME                                                 the rates of the first 40 steps"""
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(11)
out = {}


def keep(name, value):
    out[name] = value.detach().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def loss(name, f, x, *targets):
    x = x.clone().requires_grad_()
    value = f(x, *targets)
    value.backward()
    keep(f"loss.{name}.x", x)
    for i, target in enumerate(targets):
        keep(f"loss.{name}.target{i or ''}", target)
    keep(f"loss.{name}.value", value)
    keep(f"loss.{name}.gradient", x.grad)


x, t = torch.randn(5, 7), torch.randn(5, 7)
labels = torch.randint(0, 7, (5,))
loss("mse", F.mse_loss, x, t)
loss("mae", F.l1_loss, x, t)
loss("huber", lambda a, b: F.huber_loss(a, b, delta=0.7), x, t)
loss("cross_entropy", F.cross_entropy, x, labels)
loss("smoothed_cross_entropy", lambda a, b: F.cross_entropy(a, b, label_smoothing=0.1), x, labels)
loss("bce", F.binary_cross_entropy, torch.rand(5, 7) * 0.9 + 0.05, torch.rand(5, 7))
loss("bce_with_logits", F.binary_cross_entropy_with_logits, x, torch.rand(5, 7))
loss("kl_div", lambda a, b: F.kl_div(a, b, reduction="batchmean"), F.log_softmax(x, -1), F.softmax(t, -1))
signs = torch.randint(0, 2, (5, 7)).float() * 2 - 1
loss("hinge", lambda a, b: (1 - a * b).clamp(min=0).mean(), x, signs)
loss("cosine_distance", lambda a, b: (1 - F.cosine_similarity(a, b, -1)).mean(), x, t)
loss("triplet", F.triplet_margin_loss, x, t, torch.randn(5, 7))


def layer(name, module, x, weights):
    if x.is_floating_point():
        x = x.clone().requires_grad_()
    y = module(x)
    (y * torch.cos(torch.arange(y.numel())).reshape(y.shape)).sum().backward()
    keep(f"layer.{name}.x", x)
    keep(f"layer.{name}.y", y)
    if x.is_floating_point():
        keep(f"layer.{name}.gradient.x", x.grad)
    for ours, (value, gradient) in weights(module).items():
        keep(f"layer.{name}.{ours}", value)
        keep(f"layer.{name}.gradient.{ours}", gradient)


def same(module):
    return {name: (p.data, p.grad) for name, p in module.named_parameters()}


layer("linear", nn.Linear(7, 5), torch.randn(3, 7), same)
layer("linear3", nn.Linear(7, 5), torch.randn(3, 2, 7), same)
layer("conv1d", nn.Conv1d(4, 6, 3, stride=2, padding=1), torch.randn(2, 4, 9), same)
layer("conv2d", nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=2), torch.randn(2, 4, 7, 7), same)
layer("conv3d", nn.Conv3d(2, 3, 3), torch.randn(2, 2, 5, 5, 5), same)
layer("conv_transpose2d", nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1), torch.randn(2, 4, 5, 5), same)
layer("max_pool2d", nn.MaxPool2d(2), torch.randn(2, 3, 6, 6), same)
layer("avg_pool2d", nn.AvgPool2d(3, 2), torch.randn(2, 3, 7, 7), same)
layer("batch_norm", nn.BatchNorm2d(3).eval(), torch.randn(2, 3, 5, 5), same)
layer("layer_norm", nn.LayerNorm(7), torch.randn(2, 3, 7), same)
layer("rms_norm", nn.RMSNorm(7, eps=1e-5), torch.randn(2, 3, 7), same)
layer("group_norm", nn.GroupNorm(2, 6), torch.randn(2, 6, 5), same)
layer("embedding", nn.Embedding(11, 5), torch.randint(0, 11, (3, 4)), same)
layer("gelu", nn.GELU(), torch.randn(3, 7), same)
layer("leaky_relu", nn.LeakyReLU(0.2), torch.randn(3, 7), same)


def gates(order, hidden):
    """PyTorch's gates in ONNX's order."""
    def reorder(p):
        return torch.cat([p[g * hidden:(g + 1) * hidden] for g in order])

    def weights(module):
        found = {}
        for number in range(module.num_layers):
            kinds = {"weight_ih": [], "weight_hh": [], "bias": []}
            for end in ("", "_reverse")[:1 + module.bidirectional]:
                get = lambda kind: getattr(module, f"{kind}_l{number}{end}")
                for kind in ("weight_ih", "weight_hh"):
                    kinds[kind].append(tuple(map(reorder, (get(kind).data, get(kind).grad))))
                kinds["bias"].append((torch.cat([reorder(get("bias_ih").data), reorder(get("bias_hh").data)]),
                                      torch.cat([reorder(get("bias_ih").grad), reorder(get("bias_hh").grad)])))
            for kind, pairs in kinds.items():
                found[f"{kind}_{number}"] = tuple(torch.stack(part) for part in zip(*pairs))
        return found
    return weights


class First(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)[0]


def recurrent(name, module, order):
    layer(name, First(module), torch.randn(2, 5, 3), lambda m: gates(order, module.hidden_size)(module))


recurrent("rnn", nn.RNN(3, 4, batch_first=True), [0])
recurrent("lstm", nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True), [0, 3, 1, 2])
recurrent("gru", nn.GRU(3, 4, batch_first=True), [1, 0, 2])


def optimizer(name, make):
    w = torch.zeros(6, requires_grad=True)
    a, b = torch.arange(1.0, 7), torch.arange(1.0, 7) * 0.5
    steps = make([w])
    for i in range(10):
        steps.zero_grad()
        ((w - a) ** 2 * b).sum().backward()
        if name == "clipped":
            torch.nn.utils.clip_grad_norm_([w], 2.5)
        steps.step()
        keep(f"optimizer.{name}.step{i + 1}", w.clone())


optim = torch.optim
optimizer("sgd", lambda p: optim.SGD(p, 0.01))
optimizer("clipped", lambda p: optim.SGD(p, 0.01))
optimizer("momentum", lambda p: optim.SGD(p, 0.01, momentum=0.9, weight_decay=0.1))
optimizer("nesterov", lambda p: optim.SGD(p, 0.01, momentum=0.9, nesterov=True))
optimizer("rmsprop", lambda p: optim.RMSprop(p, 0.01, momentum=0.5))
optimizer("adagrad", lambda p: optim.Adagrad(p, 0.1))
optimizer("adam", lambda p: optim.Adam(p, 0.1, weight_decay=0.01))
optimizer("adamw", lambda p: optim.AdamW(p, 0.1))


def schedule(name, make):
    steps = optim.SGD([torch.zeros(1, requires_grad=True)], 0.5)
    rates = make(steps)
    values = []
    for _ in range(40):
        values.append(steps.param_groups[0]["lr"])
        steps.step()
        rates.step()
    keep(f"schedule.{name}", np.array(values))


schedule("cosine", lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 40, eta_min=0.01))
schedule("step", lambda o: optim.lr_scheduler.StepLR(o, 7, gamma=0.3))
schedule("warmup", lambda o: optim.lr_scheduler.LambdaLR(o, lambda i: min(1.0, (i + 1) / 10)))

np.savez_compressed(pathlib.Path(__file__).with_name("references.npz"), **out)
