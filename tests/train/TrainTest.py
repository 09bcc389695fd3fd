#!/usr/bin/env python3
#===- TrainTest.py - Gradients and training against PyTorch ---------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Compares with values that PyTorch gave.

    TrainTest.py grad       --ingot PATH DIR...    ingot grad against DIR/gradients
    TrainTest.py train      --ingot PATH DIR...    ingot train against DIR/training.json
    TrainTest.py optimizers --ingot PATH DIR       ten steps of each optimizer on DIR/curve.onnxtxt

Needs only Python."""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "programs"))
from ProgramTest import read_npy  # noqa: E402

KEYS = ("lr", "momentum", "alpha", "eps", "weight_decay")


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900)


def norm(values):
    return math.sqrt(sum(x * x for x in values))


def difference(a, b):
    return norm([x - y for x, y in zip(a, b)])


def pattern(recipe):
    return recipe.get("parameters") or "|".join("^" + name.replace(".", "\\.") + "$" for name in recipe["trained"])


def load(folder):
    return {file.name[:-4]: read_npy(file) for file in sorted(folder.glob("*.npy"))}


def gradients(ingot, model, recipe, data, out):
    done = run(ingot, "grad", model, "--loss", recipe["loss"], "--wrt", pattern(recipe), "--inputs", data, "-o", out)
    return "" if done.returncode == 0 else f"grad exited {done.returncode}: {done.stderr.strip()[-300:]}"


def grad(ingot, folder, scratch):
    recipe = json.loads((folder / "training.json").read_text())
    want = load(folder / "gradients")
    fault = gradients(ingot, folder / "model.onnx", recipe, folder / "test_data_set_0", scratch)
    if fault:
        return fault
    got = load(scratch)
    if set(got) != set(want) | {"loss"}:
        return f"gradients of {sorted(set(got) ^ set(want))} are missing or too many"
    largest = max(norm(values) for _, values in want.values())
    for name, (shape, values) in want.items():
        if got[name][0] != shape:
            return f"{name}: shape {got[name][0]}, want {shape}"
        # Some gradients are zero in exact arithmetic.
        error = difference(got[name][1], values)
        if not error <= max(1e-3 * norm(values), 1e-5 * largest):
            return f"{name}: off by {error:.2g} of {norm(values):.2g}"
    return ""


def optimizer(recipe):
    keys = {key: recipe[key] for key in KEYS if key in recipe}
    if "betas" in recipe:
        keys["beta1"], keys["beta2"] = recipe["betas"]
    if recipe["optimizer"] == "nesterov":
        keys["nesterov"] = 1
    name = {"momentum": "sgd", "nesterov": "sgd"}.get(recipe["optimizer"], recipe["optimizer"])
    return name + ":" + ",".join(f"{key}={value}" for key, value in keys.items())


def steps(ingot, model, loss, wrt, data, optimizer, count, out):
    """(what is wrong, losses)"""
    log = out.with_suffix(".json")
    done = run(ingot, "train", model, "--loss", loss, "--wrt", wrt, "--inputs", data, "--optimizer", optimizer, "--steps",
               count, "--log", log, "-o", out)
    if done.returncode:
        return f"train exited {done.returncode}: {done.stderr.strip()[-300:]}", []
    losses = json.loads(log.read_text())["losses"]
    return ("" if len(losses) == count else f"{len(losses)} losses, want {count}"), losses


def train(ingot, folder, scratch):
    recipe = json.loads((folder / "training.json").read_text())
    data, want, trained = folder / "test_data_set_0", recipe["losses"], scratch / "trained.onnx"
    fault, got = steps(ingot, folder / "model.onnx", recipe["loss"], pattern(recipe), data, optimizer(recipe), len(want), trained)
    if fault:
        return fault
    if abs(got[0] - want[0]) > 1e-3 * abs(want[0]) + 1e-6:
        return f"first loss {got[0]}, want {want[0]}"
    change = max(abs((g - got[0]) - (w - want[0])) for g, w in zip(got, want))
    scale = max(abs(w - want[0]) for w in want)
    if change > 1e-2 * scale + 1e-6 * abs(want[0]):
        return f"loss change off by {change:.2g} of {scale:.2g}"
    # Training goes on from the model written as it went on from step to step, but without the optimizer's memory: its
    # first loss is the one after the last step.
    fault, again = steps(ingot, trained, recipe["loss"], pattern(recipe), data, "sgd:lr=0", 1, scratch / "again.onnx")
    if fault:
        return "of the trained model: " + fault
    fault, last = steps(ingot, folder / "model.onnx", recipe["loss"], pattern(recipe), data, optimizer(recipe), len(want) + 1,
                        scratch / "longer.onnx")
    if fault:
        return fault
    return "" if abs(again[0] - last[-1]) <= 1e-5 * abs(last[-1]) else f"the trained model's loss is {again[0]}, want {last[-1]}"


def optimizers(ingot, folder, scratch):
    wrong = []
    for argument, want in json.loads((folder / "optimizers.json").read_text()).items():
        fault, got = steps(ingot, folder / "curve.onnxtxt", "loss", "^[wb]$", folder / "curve", argument, 10,
                            scratch / "trained.onnx")
        if not fault and any(abs(g - w) > 2e-6 + 1e-4 * abs(w) for g, w in zip(got, want["losses"])):
            fault = f"losses {got}, want {want['losses']}"
        if fault:
            wrong.append(f"{argument}: {fault}")
    return "\n".join(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["grad", "train", "optimizers"])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--ingot", required=True)
    args = parser.parse_args()
    wrong = 0
    for folder in args.folders:
        with tempfile.TemporaryDirectory() as scratch:
            fault = globals()[args.what](args.ingot, folder, pathlib.Path(scratch))
        if fault:
            wrong += 1
            print(f"{folder.name}: {fault}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
