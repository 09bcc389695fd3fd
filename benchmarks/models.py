#!/usr/bin/env python3
#===- models.py - Whole models: native programs beside ONNX Runtime -------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Exports five models with PyTorch, and times the programs that Ingot makes of them beside ONNX Runtime.

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
    if name in ("resnet50", "mobilenet_v2"):
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
    sys.exit(f"error: unknown model '{name}'; want one of {', '.join(MODELS)}")


MODELS = ["mlp", "mobilenet_v2", "resnet50", "vit_b16", "bert_base"]


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
        module, inputs = build(name)
        module.eval()
        torch.onnx.export(module, tuple(inputs.values()), str(folder / "model.onnx"), input_names=list(inputs),
                          dynamo=True, external_data=False, verbose=False)
        for i, (key, value) in enumerate(inputs.items()):
            (data / f"input_{i}.pb").write_bytes(numpy_helper.from_array(value.numpy(), key).SerializeToString())


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
