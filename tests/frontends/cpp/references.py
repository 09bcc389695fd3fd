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
    schedule.NAME                                                 the rates of the first 40 steps
    resize.{x,toROWSxCOLUMNS}                                     bilinear
    groups.*                                                      groups of parameters, averages, norms and pruning"""
import pathlib

import numpy as np
import torch
import torch.nn.utils.prune
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
        if gradient is not None:
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

def views(temperature):
    """NT-Xent by its definition: each row's softmax over all others, of which its own other view is the right one."""
    def f(a, b):
        z = F.normalize(torch.cat([a, b]), dim=1)
        likeness = z @ z.T / temperature
        likeness.fill_diagonal_(-torch.inf)
        n = len(a)
        return F.cross_entropy(likeness, torch.cat([torch.arange(n) + n, torch.arange(n)]))
    return f


loss("nt_xent", views(0.5), x, t)
loss("nt_xent_cold", views(0.07), torch.randn(4, 3), torch.randn(4, 3))


def ctc(name, steps, classes, counts, lengths, blank=0, labels=None):
    labels = torch.tensor(labels) if labels else torch.randint(1, classes, (len(counts), max(max(counts), 1)))
    logits = 2 * torch.randn(len(counts), steps, classes)
    loss(name, lambda a, b, n, m: F.ctc_loss(a.log_softmax(-1).transpose(0, 1), b, n, m, blank), logits, labels,
         torch.tensor(lengths), torch.tensor(counts))


ctc("ctc", 9, 5, [3, 4, 2], [9, 9, 9])
ctc("ctc_lengths", 12, 6, [1, 5, 0, 3, 2], [4, 12, 7, 3, 1 + 2])
ctc("ctc_repeats", 11, 4, [4, 4, 3], [11, 8, 5], labels=[[1, 1, 1, 1], [2, 2, 3, 3], [3, 1, 3, 2]])
ctc("ctc_blank", 6, 4, [2, 3], [6, 5], blank=3, labels=[[0, 2, 3], [1, 0, 2]])
ctc("ctc_one", 1, 3, [1, 0], [1, 1], labels=[[2], [1]])

layer("conv_transpose1d", nn.ConvTranspose1d(4, 6, 4, stride=3, padding=1, groups=2), torch.randn(2, 4, 5), same)
layer("conv_transpose3d", nn.ConvTranspose3d(2, 3, 2, stride=2), torch.randn(2, 2, 2, 3, 2), same)
layer("conv3d_wide", nn.Conv3d(2, 4, 3, stride=2, padding=1, groups=2), torch.randn(1, 2, 5, 4, 6), same)
layer("max_pool1d", nn.MaxPool1d(3, 2), torch.randn(2, 3, 9), same)
layer("max_pool3d", nn.MaxPool3d(2), torch.randn(2, 3, 4, 5, 6), same)
layer("avg_pool1d", nn.AvgPool1d(2), torch.randn(2, 3, 7), same)
layer("avg_pool3d", nn.AvgPool3d(2, 1), torch.randn(1, 2, 3, 4, 3), same)
layer("global_avg_pool", nn.AdaptiveAvgPool2d(1), torch.randn(2, 3, 5, 4), same)
recurrent("stacked_rnn", nn.RNN(3, 5, num_layers=3, bidirectional=True, batch_first=True), [0])
recurrent("stacked_gru", nn.GRU(3, 4, num_layers=2, bidirectional=True, batch_first=True), [1, 0, 2])
recurrent("one_lstm", nn.LSTM(3, 7, batch_first=True), [0, 3, 1, 2])


class Positions(nn.Module):
    """Vaswani et al. 2017, section 3.5."""
    def forward(self, x):
        steps, features = x.shape[1:]
        angles = torch.arange(steps)[:, None] / 10000 ** (torch.arange(0, features, 2) / features)
        return x + torch.stack([angles.sin(), angles.cos()], -1).reshape(steps, features)


layer("positional_encoding", Positions(), torch.randn(2, 7, 6), same)


def attention_weights(prefix, module):
    thirds = lambda p: zip(p.data.chunk(3), p.grad.chunk(3))
    found = {}
    for kind in ("weight", "bias"):
        for part, pair in zip(("query", "key", "value"), thirds(getattr(module, f"in_proj_{kind}"))):
            # A key's bias adds the same to all of a query's scores: what its gradient has is rounding.
            found[f"{prefix}{part}.{kind}"] = (pair[0], None) if (part, kind) == ("key", "bias") else pair
        p = getattr(module.out_proj, kind)
        found[f"{prefix}out.{kind}"] = (p.data, p.grad)
    return found


def transformer_weights(module):
    """PyTorch's names of a transformer layer's parts as ours."""
    found = attention_weights("attention.", module.self_attn)
    if hasattr(module, "multihead_attn"):
        found |= attention_weights("cross_attention.", module.multihead_attn)
    names = {"linear1": "feed_forward.0", "linear2": "feed_forward.1", "norm1": "norm1", "norm2": "norm2",
             "norm3": "norm3"}
    for theirs, ours in names.items():
        for name, p in getattr(module, theirs, nn.Module()).named_parameters():
            found[f"{ours}.{name}"] = (p.data, p.grad)
    return found


class Causal(nn.Module):
    """A layer whose attention to itself sees no later step; a decoder's memory is half of the first three steps."""
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        if isinstance(self.inner, nn.MultiheadAttention):
            return self.inner(x, x, x, attn_mask=mask)[0]
        if isinstance(self.inner, nn.TransformerDecoderLayer):
            return self.inner(x, 0.5 * x[:, :3], tgt_mask=mask)
        return self.inner(x, mask)


def randomized(module):
    """Biases begin as zeros, which hide mistakes."""
    for p in module.parameters():
        p.data += 0.1 * torch.randn(p.shape)
    return module


features = torch.randn(2, 5, 8)
options = dict(dim_feedforward=12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
layer("multi_head_attention", Causal(randomized(nn.MultiheadAttention(8, 2, batch_first=True))), features,
      lambda m: attention_weights("", m.inner))
layer("transformer_layer", randomized(nn.TransformerEncoderLayer(8, 2, **options)), features, transformer_weights)
layer("causal_layer", Causal(randomized(nn.TransformerEncoderLayer(8, 4, **options))), features,
      lambda m: transformer_weights(m.inner))
layer("decoder_layer", Causal(randomized(nn.TransformerDecoderLayer(8, 2, **options))), features,
      lambda m: {"inner." + name: pair for name, pair in transformer_weights(m.inner).items()})
trained_norm = nn.BatchNorm1d(3)
normed = torch.randn(4, 3, 5)
layer("trained_batch_norm", trained_norm, normed, same)
keep("layer.trained_batch_norm.running_mean", trained_norm.running_mean)
# ONNX takes the variance of the batch itself; PyTorch's estimate of what the batch is drawn from is larger by n/(n-1).
keep("layer.trained_batch_norm.running_var", 0.9 + 0.1 * normed.var((0, 2), unbiased=False))

picture = torch.rand(2, 2, 3, 5)
keep("resize.x", picture)
for rows, columns in ((6, 10), (2, 3), (3, 5), (1, 1), (7, 4)):
    keep(f"resize.to{rows}x{columns}", F.interpolate(picture, (rows, columns), mode="bilinear"))

# Two parameters under settings of their own, an average of them, and the second pruned: of sum((v @ w - a)^2).
start = {"v": torch.randn(3, 4), "w": torch.randn(4, 5)}
goal = torch.randn(3, 5)
v, w = (start[name].clone().requires_grad_() for name in "vw")
steps = optim.AdamW([{"params": [v], "lr": 0.01, "weight_decay": 0.3}, {"params": [w]}], 0.1, weight_decay=0.05)
averages = {name: value.clone() for name, value in start.items()}
for name, value in {**start, "a": goal}.items():
    keep(f"groups.{name}", value)
for step in range(5):
    steps.zero_grad()
    ((v @ w - goal) ** 2).sum().backward()
    for name, p in (("v", v), ("w", w)):
        keep(f"groups.norm{step}.{name}", p.grad.norm())
    steps.step()
    for name, p in (("v", v), ("w", w)):
        averages[name].lerp_(p.detach(), 0.1)
        keep(f"groups.step{step}.{name}", p.detach().clone())
        keep(f"groups.average{step}.{name}", averages[name].clone())
pruned = nn.Linear(4, 5, bias=False)
pruned.weight.data = start["w"].T.contiguous()
torch.nn.utils.prune.l1_unstructured(pruned, "weight", 0.33)
keep("groups.pruned", pruned.weight.T)
steps = optim.SGD(pruned.parameters(), 0.02, momentum=0.9)
for _ in range(3):
    steps.zero_grad()
    ((pruned(start["v"]) - goal) ** 2).sum().backward()
    steps.step()
keep("groups.pruned3", (pruned.weight_orig * pruned.weight_mask).T)

# What the losses do to their second operands, to more dimensions, and at the ends of probabilities.
anchor, positive, negative = torch.randn(5, 7), torch.randn(5, 7), torch.randn(5, 7)
loss("cosine_second", lambda a, b: (1 - F.cosine_similarity(b, a, -1)).mean(), x, t)
loss("triplet_positive", lambda a, b, c: F.triplet_margin_loss(b, a, c, margin=2), positive, anchor, negative)
loss("triplet_negative", lambda a, b, c: F.triplet_margin_loss(b, c, a, margin=2), negative, anchor, positive)
picture_labels = torch.randint(0, 4, (3, 2, 5))
loss("cross_entropy_of_pictures", lambda a, b: F.cross_entropy(a, b, label_smoothing=0.2), torch.randn(3, 4, 2, 5),
     picture_labels)
loss("cross_entropy_of_odds", F.cross_entropy, x, F.softmax(t, -1))
loss("smoothed_cross_entropy_of_odds", lambda a, b: F.cross_entropy(a, b, label_smoothing=0.1), torch.randn(3, 4, 2, 5),
     F.softmax(torch.randn(3, 4, 2, 5), 1))
loss("l2", lambda a: (a ** 2).sum(), x)
loss("l1", lambda a: a.abs().sum(), x)
sure = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.5])
keep("loss.sure_bce", F.binary_cross_entropy(sure, torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0]), reduction="none"))

for name, module in (("relu", nn.ReLU()), ("tanh", nn.Tanh()), ("sigmoid", nn.Sigmoid()), ("softmax", nn.Softmax(1)),
                     ("flatten", nn.Flatten())):
    layer(name, module, torch.randn(3, 5, 2), same)


class ToAll(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x, x, x)[0]


layer("attention_to_all", ToAll(randomized(nn.MultiheadAttention(8, 4, batch_first=True))), features,
      lambda m: attention_weights("", m.inner))
layer("wide_linear", nn.Linear(33, 17, bias=False), torch.randn(9, 33), same)
layer("wide_gru", First(nn.GRU(3, 4, batch_first=True)), torch.randn(1, 9, 3), lambda m: gates([1, 0, 2], 4)(m.inner))

schedule("warm_cosine", lambda o: optim.lr_scheduler.SequentialLR(
    o, [optim.lr_scheduler.LambdaLR(o, lambda i: (i + 1) / 10), optim.lr_scheduler.CosineAnnealingLR(o, 30)], [10]))

# Each optimizer with its other settings.
optimizer("rmsprop_decay", lambda p: optim.RMSprop(p, 0.02, alpha=0.8, eps=1e-3, weight_decay=0.1))
optimizer("adagrad_decay", lambda p: optim.Adagrad(p, 0.2, eps=1e-2, weight_decay=0.1))
optimizer("adam_betas", lambda p: optim.Adam(p, 0.05, betas=(0.5, 0.9), eps=1e-2))
optimizer("adamw_decay", lambda p: optim.AdamW(p, 0.05, betas=(0.7, 0.95), eps=1e-3, weight_decay=0.2))

np.savez_compressed(pathlib.Path(__file__).with_name("references.npz"), **out)
