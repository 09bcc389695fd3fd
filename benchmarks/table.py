#!/usr/bin/env python3
#===- table.py - Measures, and writes the README's speed tables -----------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""The README's tables come from benchmarks/results/*.json and from the importer's table, and from nowhere else.

    table.py kernels --kernels PATH [--rounds N] [--threads N] [--filter REGEX]   measures, writes results/kernels.json
    table.py write [--build DIR]                                                  rewrites the tables in README.md

`kernels` lets the program `kernels` (Google Benchmark) and ONNX Runtime take turns, one process each. results/models.json
is what `models.py run ... -o` writes, results/training.json what `training.py run ... -o` does. Measuring needs numpy,
onnx and onnxruntime; writing needs only Python."""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
results = here / "results"
NAMES = {"mlp": "MLP 784-512-512-10, batch 64", "mobilenet_v2": "MobileNetV2", "resnet50": "ResNet-50",
         "vit_b16": "ViT-B/16", "bert_base": "BERT-base, 128 tokens", "unet": "U-Net, 256x256", "efficientnet_b0": "EfficientNet-B0",
         "gpt2": "GPT-2, 128 tokens", "swin_t": "Swin-T", "lstm_imdb": "LSTM 128-64, 256 steps, batch 8",
         "scan_gru": "Scan: GRU of 128 steps, batch 1, width 64", "scan_rnn": "Scan: RNN of 256 steps, batch 8, width 64"}
ENGINES = {"ingot": "Ingot", "torch": "PyTorch", "jax": "JAX"}
TRAINED = {"mlp": "MLP 10-50-1, 100 samples", "mnist_cnn": "MNIST CNN, 32 and 64 filters, batch 64",
           "transformer": "transformer, 4 layers of 128, 8 x 128 tokens"}


def measure_kernels(args):
    rows = {}
    for _ in range(args.rounds):
        ours = json.loads(subprocess.run(
            [args.kernels, f"--benchmark_filter={args.filter}", "--benchmark_format=json", f"--threads={args.threads}"],
            check=True, capture_output=True, text=True).stdout)
        theirs = json.loads(subprocess.run(
            [sys.executable, here / "peers.py", "kernels", "--filter", args.filter, "--threads", str(args.threads),
             "--seconds", "0.5"], check=True, capture_output=True, text=True).stdout)
        for run in ours["benchmarks"]:
            name = run["name"].removesuffix("/manual_time")
            row = rows.setdefault(name, {"ms": [], "gflops": [], "peak": [], "best": [], "onnxruntime_ms": []})
            row["ms"].append(run.get("median_ms", 0))
            row["gflops"].append(run.get("GFLOP/s", 0))
            row["peak"].append(run.get("peak", 0))
            row["best"].append(run.get("best", 0))
            if name in theirs:
                row["onnxruntime_ms"].append(theirs[name]["median_ms"])
    kernels = {name: {key: statistics.median(values) for key, values in row.items() if values}
               for name, row in rows.items()}
    results.mkdir(exist_ok=True)
    text = json.dumps({"threads": args.threads, "rounds": args.rounds, "kernels": kernels}, indent=1)
    (results / "kernels.json").write_text(text + "\n")


def kernel_table():
    file = results / "kernels.json"
    if not file.exists():
        return "Not measured yet.\n"
    data = json.loads(file.read_text())
    lines = ["| kernel | ms | GFLOP/s | of peak | best run | ONNX Runtime, ms | times its speed |",
             "|---|--:|--:|--:|--:|--:|--:|"]
    for name, row in data["kernels"].items():
        peer = row.get("onnxruntime_ms")
        lines.append(f"| {name} | {row['ms']:.3f} | {row['gflops']:.1f} | {row['peak']:.0%} | {row['best']:.0%} | "
                     + (f"{peer:.3f} | {peer / row['ms']:.2f} |" if peer else "| |"))
    return "\n".join(lines) + "\n"


def rounds(data):
    return f"{data['rounds']} round{'s' * (data['rounds'] != 1)}"


def model_table():
    file = results / "models.json"
    if not file.exists():
        return "Not measured yet.\n"
    data = json.loads(file.read_text())
    threads = sorted({key for row in data["models"].values() for key in row if key.isdigit()}, key=int)
    head = "".join(f" Ingot, {n} thread{'s' * (n != '1')} | ONNX Runtime | ratio |" for n in threads)
    lines = [f"| model | compiled in |{head}", "|---|--:|" + "--:|--:|--:|" * len(threads)]
    for name, row in data["models"].items():
        cells = "".join(f" {row[n]['ingot_ms']:.2f} ms | {row[n]['onnxruntime_ms']:.2f} ms | {row[n]['ratio']:.2f} |"
                        if n in row else " | | |" for n in threads)
        lines.append(f"| {NAMES.get(name, name)} | {row['compile_seconds']:.1f} s |{cells}")
    note = f"One {data['processor']}, {rounds(data)}, medians; a ratio below 1 is faster than ONNX Runtime.\n"
    return "\n".join(lines) + "\n\n" + note


def training_table():
    file = results / "training.json"
    if not file.exists():
        return "Not measured yet.\n"
    data = json.loads(file.read_text())
    rows = [(name, threads, times) for name, row in data["models"].items() for threads, times in row.items()
            if threads.isdigit()]
    engines = list(rows[0][2])
    lines = ["| step of | threads |" + "".join(f" {ENGINES.get(engine, engine)} |" for engine in engines)
             + " ratio |", "|---|--:|" + "--:|" * (len(engines) + 1)]
    for name, threads, times in rows:
        cells = "".join(f" {times[engine]:.3g} ms |" for engine in engines)
        fastest = min(time for engine, time in times.items() if engine != "ingot")
        lines.append(f"| {TRAINED[name]} | {threads} |{cells} {times['ingot'] / fastest:.2f} |")
    note = (f"One {data['processor']}, {rounds(data)}, medians: forward, backward and Adam, after the losses of the first "
            "steps were compared; a ratio below 1 is faster than the fastest of the others.\n")
    return "\n".join(lines) + "\n\n" + note


def operator_table(build):
    """What the importer knows: the rows that ingot-tblgen wrote, and the rules."""
    rows = re.findall(r'INGOT_ONNX_OP\("([^"]*)", "(\w+)"', (build / "dialects/ingot/OnnxOps.inc").read_text())
    for file in sorted((here.parent / "frontends/onnx").glob("Rules*.cpp")):
        rows += [tuple(key.rsplit(".", 1)) for key in re.findall(r'rules\["([\w.]*\.\w+)"\]', file.read_text())]
    names = sorted({f"{domain}.{name}" if domain else name for domain, name in rows})
    return f"{len(names)} operators are imported: {', '.join(names)}.\n"


def write(args):
    readme = here.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    tables = {"operators": operator_table(args.build), "models": model_table(), "training": training_table(),
              "kernels": kernel_table()}
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end of {name} -->)", re.S)
        if not pattern.search(text):
            sys.exit(f"error: README.md has no place for the table of {name}")
        text = pattern.sub(lambda match: match[1] + table + match[2], text)
    readme.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    kernels = commands.add_parser("kernels")
    kernels.add_argument("--kernels", required=True)
    kernels.add_argument("--rounds", type=int, default=5)
    kernels.add_argument("--threads", type=int, default=1)
    kernels.add_argument("--filter", default="")
    kernels.set_defaults(function=measure_kernels)
    rewrite = commands.add_parser("write")
    rewrite.add_argument("--build", type=pathlib.Path, default=here.parent / "build/release")
    rewrite.set_defaults(function=write)
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
