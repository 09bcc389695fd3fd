#!/usr/bin/env python3
#===- training.py - Steps of training beside PyTorch and JAX -------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Times a step of training (forward, backward, Adam) of Ingot's programs beside PyTorch, torch.compile and JAX.

    training.py run [NAME...] --ingot PATH [--threads 1,2] [--rounds N] [--seconds S] [-o results.json]
    training.py peer ENGINE NAME --threads N     prints its first losses, then for each number of seconds its median in ms

`run` first compares the losses of the first steps, then lets the engines take turns, one process each, on the same batch
and from the same weights: its result is the median over the rounds of the median of each turn. An engine has as many
processors as threads. Needs torch, numpy and onnx; jax where it is installed."""
import argparse
import importlib.util
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from models import processor

STEPS, RTOL = 20, 1e-3  # what is compared, and how close the losses are
LR, BETA1, BETA2, EPS = 1e-3, 0.9, 0.999, 1e-8
ENGINES = ["torch", "torch.compile", "jax"]
# Output and kind of the loss by model.
LOSSES = {"mlp": "mse(y,target)", "mnist_cnn": "cross_entropy(y,target)", "transformer": "cross_entropy(y,target)"}
WORDS, TOKENS, WIDTH, HEADS, LAYERS = 128, 128, 128, 4, 4


def build(name):
    """The module, its input and its target."""
    import torch
    from torch import nn
    torch.manual_seed(0)
    if name == "mlp":
        return nn.Sequential(nn.Linear(10, 50), nn.ReLU(), nn.Linear(50, 1)), torch.randn(100, 10), torch.randn(100, 1)
    if name == "mnist_cnn":  # the network of PyTorch's MNIST example, without its dropout
        layers = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                  nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10)]
        return nn.Sequential(*layers), torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))
    if name == "transformer":
        return Transformer(), torch.randint(0, WORDS, (8, TOKENS)), torch.randint(0, WORDS, (8 * TOKENS,))
    sys.exit(f"error: unknown model '{name}'; want one of {', '.join(LOSSES)}")


def Transformer():
    """A decoder with normalization before each part, as GPT-2: the next word for each of the words."""
    import torch
    from torch import nn

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
            self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x):
            shape = (x.shape[0], TOKENS, HEADS, WIDTH // HEADS)
            q, k, v = (part.reshape(shape).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1))
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(x.shape))
            return x + self.down(nn.functional.gelu(self.up(self.norm2(x)), approximate="tanh"))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.places = nn.Embedding(WORDS, WIDTH), nn.Embedding(TOKENS, WIDTH)
            self.layers = nn.Sequential(*(Layer() for _ in range(LAYERS)))
            self.norm, self.score = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WORDS)

        def forward(self, words):
            x = self.layers(self.words(words) + self.places.weight)
            return self.score(self.norm(x)).reshape(-1, WORDS)

    return Net()


def loss_of(name, y, target):
    from torch.nn import functional
    return functional.mse_loss(y, target) if name == "mlp" else functional.cross_entropy(y, target)


#===-----------------------------------------------------------------------===#
# Peers: each returns a function that does a step and gives the loss before it
#===-----------------------------------------------------------------------===#


def torch_step(name, threads):
    import torch
    torch.set_num_threads(threads)
    module, x, target = build(name)
    optimizer = torch.optim.Adam(module.parameters(), lr=LR, fused=True)

    def step():
        optimizer.zero_grad()
        loss = loss_of(name, module(x), target)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def compiled_step(name, threads):
    """The whole step as one graph: gradients by functional transforms, Adam written out."""
    import torch
    torch.set_num_threads(threads)
    module, x, target = build(name)
    weights = {key: value.detach().clone() for key, value in module.named_parameters()}
    state = [weights, {k: torch.zeros_like(w) for k, w in weights.items()},
             {k: torch.zeros_like(w) for k, w in weights.items()}, torch.zeros(())]
    objective = lambda weights, x, target: loss_of(name, torch.func.functional_call(module, weights, (x,)), target)

    @torch.compile
    def train(weights, mean, square, done, x, target):
        gradients, loss = torch.func.grad_and_value(objective)(weights, x, target)
        return adam(weights, mean, square, done, gradients, torch.sqrt), loss

    def step():
        with torch.no_grad():
            state[:], loss = train(*state, x, target)
        return loss

    return step


def adam(weights, mean, square, done, gradients, sqrt):
    done = done + 1
    mean = {k: BETA1 * m + (1 - BETA1) * gradients[k] for k, m in mean.items()}
    square = {k: BETA2 * s + (1 - BETA2) * gradients[k] * gradients[k] for k, s in square.items()}
    rate, stretch = LR / (1 - BETA1 ** done), sqrt(1 - BETA2 ** done)
    weights = {k: w - rate * mean[k] / (sqrt(square[k]) / stretch + EPS) for k, w in weights.items()}
    return weights, mean, square, done


def jax_step(name, threads):
    import jax
    import jax.numpy as jnp
    module, x, target = build(name)
    x, target = jnp.asarray(x.numpy()), jnp.asarray(target.numpy())
    weights = {key: jnp.asarray(value.detach().numpy()) for key, value in module.named_parameters()}
    linear = lambda w, layer, x: x @ w[layer + ".weight"].T + w[layer + ".bias"]

    def norm(w, layer, x):
        x = x - x.mean(-1, keepdims=True)
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * w[layer + ".weight"] + w[layer + ".bias"]

    def conv(w, layer, x):
        y = jax.lax.conv_general_dilated(x, w[layer + ".weight"], (1, 1), "VALID")
        return y + w[layer + ".bias"][:, None, None]

    def attention(w, layer, x):
        q, k, v = (part.reshape(*x.shape[:2], HEADS, -1) for part in jnp.split(linear(w, layer + ".qkv", x), 3, -1))
        return linear(w, layer + ".out", jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(x.shape))

    def forward(w, x):
        if name == "mlp":
            return linear(w, "2", jax.nn.relu(linear(w, "0", x)))
        if name == "mnist_cnn":
            x = jax.nn.relu(conv(w, "2", jax.nn.relu(conv(w, "0", x))))
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
            return linear(w, "8", jax.nn.relu(linear(w, "6", x.reshape(len(x), -1))))
        x = w["words.weight"][x] + w["places.weight"]
        for layer in (f"layers.{i}" for i in range(LAYERS)):
            x = x + attention(w, layer, norm(w, layer + ".norm1", x))
            x = x + linear(w, layer + ".down", jax.nn.gelu(linear(w, layer + ".up", norm(w, layer + ".norm2", x))))
        return linear(w, "score", norm(w, "norm", x)).reshape(-1, WORDS)

    def objective(w, x, target):
        y = forward(w, x)
        if name == "mlp":
            return jnp.mean((y - target) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y), target[:, None], 1))

    @jax.jit
    def train(weights, mean, square, done, x, target):
        loss, gradients = jax.value_and_grad(objective)(weights, x, target)
        return adam(weights, mean, square, done, gradients, jnp.sqrt), loss

    zeros = lambda: {k: jnp.zeros_like(w) for k, w in weights.items()}
    state = [weights, zeros(), zeros(), jnp.zeros(())]

    def step():
        state[:], loss = train(*state, x, target)
        return loss.block_until_ready()

    return step


def serve_peer(args):
    step = {"torch": torch_step, "torch.compile": compiled_step, "jax": jax_step}[args.engine](args.name, args.threads)
    print(json.dumps([float(step()) for _ in range(STEPS)]), flush=True)
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while len(times) < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            step()
            times.append((time.perf_counter() - start) * 1e3)
        print(statistics.median(times), flush=True)


#===-----------------------------------------------------------------------===#
# Comparison
#===-----------------------------------------------------------------------===#


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {' '.join(map(str, command[:4]))} exited {done.returncode}: {done.stderr.strip()[-600:]}")
    return done.stdout


def pinned(threads, *command):
    """The command on so many processors."""
    return ["taskset", "-c", ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads])), *map(str, command)]


class Peer:
    """An engine that waits in a process of its own for its turns."""

    def __init__(self, engine, name, threads):
        command = pinned(threads, sys.executable, __file__, "peer", engine, name, "--threads", threads)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {' '.join(command)} exited {self.process.wait()}")
        self.losses = json.loads(line)

    def measure(self, seconds):
        print(seconds, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def export(name, folder):
    """The model, and the batch with its target behind it; returns the names of the parameters."""
    import torch
    from onnx import numpy_helper
    module, x, target = build(name)
    # The exporter's optimizer makes one of parameters that begin as equals, such as those of all normalizations.
    torch.onnx.export(module, (x,), str(folder / "model.onnx"), input_names=["x"], output_names=["y"], dynamo=True,
                      external_data=False, optimize=False, verbose=False)
    (folder / "batch").mkdir()
    for i, (key, value) in enumerate((("x", x), ("target", target))):
        (folder / "batch" / f"input_{i}.pb").write_bytes(numpy_helper.from_array(value.numpy(), key).SerializeToString())
    return [name for name, _ in module.named_parameters()]


def run(args):
    engines = [engine for engine in ENGINES if engine != "jax" or importlib.util.find_spec("jax")]
    result = {"processor": processor(), "rounds": args.rounds, "models": {}}
    for name in args.names or LOSSES:
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            parameters = export(name, folder)
            program, batch = folder / "train", ["--inputs", folder / "batch"]
            start = time.perf_counter()
            call(args.ingot, "train", folder / "model.onnx", "--loss", LOSSES[name], "--emit=exe", "-o", program,
                 "--wrt", "^(" + "|".join(map(re.escape, parameters)) + ")$",
                 "--optimizer", f"adam:lr={LR},beta1={BETA1},beta2={BETA2},eps={EPS}")
            row = {"compile_seconds": time.perf_counter() - start}
            call(program, *batch, "--steps", STEPS, "--log", folder / "log.json")
            ours = json.loads((folder / "log.json").read_text())["losses"]

            row["max_difference"] = 0
            for threads in args.threads:
                times = {engine: [] for engine in ["ingot"] + engines}
                peers = {engine: Peer(engine, name, threads) for engine in engines}
                for engine, peer in peers.items():
                    if not np.allclose(ours, peer.losses, rtol=RTOL, atol=0):
                        sys.exit(f"error: {name}: the losses are {ours}, those of {engine} {peer.losses}; nothing is timed")
                    row["max_difference"] = max(row["max_difference"], float(np.abs(np.subtract(ours, peer.losses)).max()))
                for _ in range(args.rounds):
                    timing = call(*pinned(threads, program, *batch, "--bench", "--json", "--threads", threads, "--seconds",
                                          args.seconds))
                    times["ingot"].append(json.loads(timing)["median_ms"])
                    for engine, peer in peers.items():
                        times[engine].append(peer.measure(args.seconds))
                for peer in peers.values():
                    peer.close()
                row[str(threads)] = {engine: statistics.median(values) for engine, values in times.items()}
                mine, best = row[str(threads)]["ingot"], min(row[str(threads)][engine] for engine in engines)
                print(f"{name:12} {threads} thread(s): " + ", ".join(f"{e} {t:.4g} ms" for e, t in row[str(threads)].items())
                      + f"; {mine / best:.2f} of the fastest peer's (losses differ by {row['max_difference']:.1e})", flush=True)
            result["models"][name] = row
            if args.output:
                pathlib.Path(args.output).write_text(json.dumps(result, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run")
    command.add_argument("names", nargs="*")
    command.add_argument("--ingot", required=True)
    command.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    command.add_argument("--rounds", type=int, default=5)
    command.add_argument("--seconds", type=float, default=2.0)
    command.add_argument("-o", "--output")
    command.set_defaults(function=run)
    command = commands.add_parser("peer")
    command.add_argument("engine", choices=ENGINES)
    command.add_argument("name", choices=list(LOSSES))
    command.add_argument("--threads", type=int, default=1)
    command.set_defaults(function=serve_peer)
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
