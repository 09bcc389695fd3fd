#!/usr/bin/env python3
#===- models.py - Whole models: native programs beside ONNX Runtime -------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Exports models with PyTorch, and times the programs that Ingot makes of them beside ONNX Runtime.

    models.py export DIR [NAME...]
    models.py run DIR [NAME...] --ingot PATH [--threads 1,2] [--rounds N] [-o results.json]

`run` first compares the outputs, then lets the two engines take turns, one process each, and keeps the median of each
process: its result is the median over the rounds. Needs torch, torchvision, transformers, numpy, onnx and onnxruntime;
weights are random, because a time does not depend on them."""
import argparse
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

here = pathlib.Path(__file__).resolve().parent
RTOL, ATOL = 1e-3, 1e-4


def build(name):
    """A module and its inputs by name."""
    import torch
    from torch import nn
    torch.manual_seed(0)
    if name == "mlp":
        layers = [nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)]
        return nn.Sequential(*layers), {"x": torch.randn(64, 784)}
    if name == "unet":
        return UNet(), {"x": torch.randn(1, 3, 256, 256)}
    if name == "lstm_imdb":
        return SequenceClassifier(), {"words": torch.randint(0, 10000, (8, 256))}
    if name in ("resnet50", "mobilenet_v2", "efficientnet_b0", "swin_t"):
        import torchvision
        module = getattr(torchvision.models, name)()
        for layer in module.modules():  # statistics that a trained network could have
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
        return module, {"x": torch.randn(1, 3, 224, 224)}
    import transformers
    if name == "vit_b16":
        module = transformers.ViTForImageClassification(transformers.ViTConfig(num_labels=1000))
        return Select(module, ["logits"]), {"pixel_values": torch.randn(1, 3, 224, 224)}
    if name == "bert_base":
        mask = (torch.arange(128)[None] < 101).long()
        return (Select(transformers.BertModel(transformers.BertConfig()), ["last_hidden_state", "pooler_output"]),
                {"input_ids": torch.randint(0, 30522, (1, 128)), "attention_mask": mask})
    if name == "gpt2":
        model = transformers.GPT2LMHeadModel(transformers.GPT2Config(use_cache=False))
        return Select(model, ["logits"]), {"input_ids": torch.randint(0, 50257, (1, 128))}
    sys.exit(f"error: unknown model '{name}'; want one of {', '.join(MODELS)}")


MODELS = ["mlp", "mobilenet_v2", "resnet50", "vit_b16", "bert_base", "unet", "efficientnet_b0", "gpt2", "swin_t",
          "lstm_imdb", "scan_gru", "scan_rnn"]


def UNet():
    """Ronneberger et al. 2015 at half of its width, with padding: four times down and up again."""
    import torch
    from torch import nn

    def block(inputs, outputs):
        parts = []
        for channels in (inputs, outputs):
            parts += [nn.Conv2d(channels, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
        return nn.Sequential(*parts)

    class Net(nn.Module):
        def __init__(self, widths=(32, 64, 128, 256, 512)):
            super().__init__()
            self.down = nn.ModuleList(block(a, b) for a, b in zip((3, *widths), widths))
            self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(widths, widths[1:]))
            self.merge = nn.ModuleList(block(2 * a, a) for a in widths[:-1])
            self.last = nn.Conv2d(widths[0], 2, 1)

        def forward(self, x):
            kept = []
            for i, part in enumerate(self.down):
                x = part(x if i == 0 else nn.functional.max_pool2d(x, 2))
                kept.append(x)
            for i in reversed(range(len(self.up))):
                x = self.merge[i](torch.cat([kept[i], self.up[i](x)], 1))
            return self.last(x)

    return Net()


def SequenceClassifier():
    """Words as vectors of 128, an LSTM of 64, and a score."""
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(10000, 128)
            self.lstm = nn.LSTM(128, 64, batch_first=True)
            self.score = nn.Linear(64, 1)

        def forward(self, words):
            return self.score(self.lstm(self.words(words))[0][:, -1]).sigmoid()

    return Net()


def write_scan_model(folder, name):
    """A recurrent network as ONNX's Scan: engines interpret its body step by step."""
    cell, steps, batch, width = {"scan_gru": (gru_cell, 128, 1, 64), "scan_rnn": (rnn_cell, 256, 8, 64)}[name]
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    random = np.random.default_rng(0)
    gates, nodes = cell(helper.make_node)
    weight = lambda name, *shape: numpy_helper.from_array(
        (random.standard_normal(shape) / width ** 0.5).astype(np.float32), name)
    weights = [weight("W", width, gates * width), weight("R", width, gates * width)]
    if cell is gru_cell:
        weights.append(weight("B", gates * width))
    value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    body = helper.make_graph(
        [*nodes, helper.make_node("Identity", ["next"], ["seen"])],
        "step", [value("h", [batch, width]), value("x", [batch, width])],
        [value("next", [batch, width]), value("seen", [batch, width])])
    graph = helper.make_graph(
        [helper.make_node("Scan", ["h0", "xs"], ["last", "all"], num_scan_inputs=1, body=body)], name,
        [value("h0", [batch, width]), value("xs", [steps, batch, width])],
        [value("last", [batch, width]), value("all", [steps, batch, width])], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
    return {"h0": np.zeros((batch, width), np.float32),
            "xs": random.standard_normal((steps, batch, width)).astype(np.float32)}


def rnn_cell(node):
    """h' = tanh(x W + h R)"""
    return 1, [node("MatMul", ["x", "W"], ["xw"]), node("MatMul", ["h", "R"], ["hr"]),
               node("Add", ["xw", "hr"], ["sum"]), node("Tanh", ["sum"], ["next"])]


def gru_cell(node):
    """z, r = sigmoid(...), n = tanh(x + r h), h' = n + z (h - n)"""
    return 3, [node("MatMul", ["x", "W"], ["xw"]), node("Add", ["xw", "B"], ["xb"]), node("MatMul", ["h", "R"], ["hr"]),
               node("Split", ["xb"], ["xz", "xr", "xn"], axis=1), node("Split", ["hr"], ["hz", "hg", "hn"], axis=1),
               node("Add", ["xz", "hz"], ["za"]), node("Sigmoid", ["za"], ["z"]),
               node("Add", ["xr", "hg"], ["ra"]), node("Sigmoid", ["ra"], ["r"]),
               node("Mul", ["r", "hn"], ["rh"]), node("Add", ["xn", "rh"], ["na"]), node("Tanh", ["na"], ["n"]),
               node("Sub", ["h", "n"], ["hd"]), node("Mul", ["z", "hd"], ["zd"]), node("Add", ["n", "zd"], ["next"])]


def Select(module, fields):
    """The module with plain tensors as its results."""
    import torch

    class Selected(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = module

        def forward(self, *inputs):
            outputs = self.module(*inputs)
            return tuple(getattr(outputs, field) for field in fields)

    return Selected()


def export(args):
    import torch
    from onnx import numpy_helper
    for name in args.names or MODELS:
        folder = pathlib.Path(args.folder) / name
        data = folder / "test_data_set_0"
        data.mkdir(parents=True, exist_ok=True)
        if name.startswith("scan_"):
            inputs = write_scan_model(folder, name)
        else:
            module, inputs = build(name)
            module.eval()
            torch.onnx.export(module, tuple(inputs.values()), str(folder / "model.onnx"), input_names=list(inputs),
                              dynamo=True, external_data=False, verbose=False)
            inputs = {key: value.numpy() for key, value in inputs.items()}
        for i, (key, value) in enumerate(inputs.items()):
            (data / f"input_{i}.pb").write_bytes(numpy_helper.from_array(value, key).SerializeToString())


def call(*command):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {command[0]} exited {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


def compare(program, model, scratch):
    """The largest difference of any output, after checking that all are close."""
    inputs = model.parent / "test_data_set_0"
    call(program, "--inputs", inputs, "--output-dir", scratch / "ours")
    call(sys.executable, here / "peers.py", "time", model, "--outputs", scratch / "theirs", "--seconds", 0)
    worst = 0.0
    for file in sorted((scratch / "theirs").iterdir()):
        want, got = np.load(file).astype(np.float64), np.load(scratch / "ours" / file.name).astype(np.float64)
        worst = max(worst, float(np.abs(got - want).max()))
        if not np.allclose(got, want, rtol=RTOL, atol=ATOL):
            sys.exit(f"error: {model.parent.name}: output {file.stem} is off by {worst:.3g}; nothing is timed")
    return worst


def run(args):
    result = {"processor": processor(), "rounds": args.rounds, "models": {}}
    for name in args.names or [m for m in MODELS if (pathlib.Path(args.folder) / m).exists()]:
        model = pathlib.Path(args.folder) / name / "model.onnx"
        inputs = model.parent / "test_data_set_0"
        with tempfile.TemporaryDirectory() as folder:
            scratch = pathlib.Path(folder)
            program = scratch / name
            start = time.perf_counter()
            call(args.ingot, "compile", model, "-o", program)
            row = {"compile_seconds": time.perf_counter() - start, "program_bytes": program.stat().st_size}
            row["max_difference"] = compare(program, model, scratch)
            for threads in args.threads:
                ours, theirs = [], []
                for _ in range(args.rounds):
                    timing = call(program, "--bench", "--json", "--inputs", inputs, "--threads", threads, "--seconds",
                                  args.seconds)
                    ours.append(json.loads(timing)["median_ms"])
                    timing = call(sys.executable, here / "peers.py", "time", model, "--threads", threads, "--seconds",
                                  args.seconds)
                    theirs.append(json.loads(timing)["median_ms"])
                mine, peer = statistics.median(ours), statistics.median(theirs)
                row[str(threads)] = {"ingot_ms": mine, "onnxruntime_ms": peer, "ratio": mine / peer,
                                     "ratios": [a / b for a, b in zip(ours, theirs)]}
                print(f"{name:14} {threads} thread(s): {mine:9.3f} ms, ONNX Runtime {peer:9.3f} ms, ratio {mine / peer:.2f}"
                      f" (compiled in {row['compile_seconds']:.1f} s, off by {row['max_difference']:.1e})", flush=True)
            result["models"][name] = row
            if args.output:
                pathlib.Path(args.output).write_text(json.dumps(result, indent=1) + "\n")


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, function in (("export", export), ("run", run)):
        command = commands.add_parser(name)
        command.add_argument("folder")
        command.add_argument("names", nargs="*")
        command.set_defaults(function=function)
        if name == "run":
            command.add_argument("--ingot", required=True)
            command.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
            command.add_argument("--rounds", type=int, default=5)
            command.add_argument("--seconds", type=float, default=2.0)
            command.add_argument("-o", "--output")
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
