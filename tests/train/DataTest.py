#!/usr/bin/env python3
#===- DataTest.py - Training on arrays of samples --------------------------===#
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Trains a classifier of digits with `ingot train --data`.

    DataTest.py kill      --ingot PATH --data digits.npz   killed at random moments, it comes to the same bits
    DataTest.py interrupt --ingot PATH --data digits.npz   Ctrl-C leaves a checkpoint and exits 130
    DataTest.py program   --ingot PATH --data digits.npz   a program of `--emit=exe` comes to the same bits
    DataTest.py dropout   --ingot PATH --data digits.npz   dropout and batch normalization in training mode
    DataTest.py mask      --ingot PATH --data digits.npz   the same mask forward and backward, another one for each step
    DataTest.py accuracy  --ingot PATH --data digits.npz   it learns, and `ingot eval` and the plots agree

Needs only Python."""
import argparse
import json
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
import zipfile


def write_model(path, hidden="hidden = Relu (sum)", weights=""):
    """An ONNX model as text: 64 pixels, 24 hidden values, 10 classes."""
    numbers = random.Random(7)

    def tensor(rows, columns):
        return "{" + ", ".join(f"{numbers.gauss(0, rows ** -0.5):.6f}" for _ in range(rows * columns)) + "}"
    path.write_text(f"""<ir_version: 9, opset_import: ["" : 18]>
digits (uint8[N, 1, 8, 8] x) => (float[N, 10] logits)
<float[64, 24] w1 = {tensor(64, 24)}, float[24] b1 = {tensor(1, 24)}, float[24, 10] w2 = {tensor(24, 10)},
 float sixteen = {{16}}{weights}>
{{
  pixels = Cast <to = 1> (x)
  scaled = Div (pixels, sixteen)
  flat = Flatten <axis = 1> (scaled)
  product = MatMul (flat, w1)
  sum = Add (product, b1)
  {hidden}
  logits = MatMul (hidden, w2)
}}
""")


class Trainer:
    def __init__(self, args, scratch):
        self.ingot, self.scratch, self.model = args.ingot, scratch, scratch / "digits.onnxtxt"
        write_model(self.model)
        self.command = [args.ingot, "train", self.model, "--loss", "cross_entropy(logits,y)", "--data", args.data,
                        "--wrt", "^[wb]", "--optimizer", "adam:lr=0.003", "--batch", "48", "--threads", "1", "--val", "0.2",
                        "--seed", "5", "--metrics", "accuracy"]

    def start(self, *more):
        return subprocess.Popen([str(part) for part in [*self.command, *more]], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run(self, *more):
        process = self.start(*more)
        out, err = process.communicate(timeout=600)
        if process.returncode:
            sys.exit(f"exit {process.returncode}: {err}")
        return out


def wait_for_change(path, before, process):
    """The file's time of change, once it is another one; None when the process ended first."""
    while process.poll() is None:
        if path.exists() and path.stat().st_mtime_ns != before:
            return path.stat().st_mtime_ns
        time.sleep(0.001)
    return None


def same_curve(trainer, straight, log):
    want, got = json.loads(straight.read_text()), json.loads(log.read_text())
    if got != want:
        sys.exit(f"the curves differ: {len(got['losses'])} losses, want {len(want['losses'])}")


def write_stateful_model(path):
    """One with all that a step keeps: running statistics, and masks that depend on its number."""
    write_model(path, """normal, mean, variance = BatchNormalization <training_mode = 1, momentum = 0.8> (sum, scale, b1, m0, v0)
  relu = Relu (normal)
  hidden = Dropout (relu, ratio, yes)""", """, float[24] scale = {%s}, float[24] m0 = {%s}, float[24] v0 = {%s},
 float ratio = {0.4}, bool yes = {1}""" % tuple(", ".join([number] * 24) for number in ("1", "0", "1")))


def kill(trainer, epochs=200, kills=10):
    write_stateful_model(trainer.model)
    straight, log, checkpoint = (trainer.scratch / name for name in ("straight.json", "log.json", "checkpoint"))
    trainer.run("--epochs", epochs, "--log", straight, "-o", trainer.scratch / "straight.onnx")
    moments = random.Random()
    killed = 0
    while killed < kills:
        before = changed = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
        process = trainer.start("--epochs", epochs, "--log", log, "--checkpoint", checkpoint, "--checkpoint-every", 31,
                                "--resume")
        for _ in range(moments.randint(1, 12)):
            changed = wait_for_change(checkpoint, changed, process)
        time.sleep(moments.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        _, err = process.communicate()
        if process.returncode == -signal.SIGKILL:
            killed += 1
        elif process.returncode or not checkpoint.exists():
            sys.exit(f"exit {process.returncode}: {err}")
        else:
            checkpoint.unlink()  # it was done before its turn: from the beginning
        if killed and checkpoint.exists() and checkpoint.stat().st_mtime_ns == before:
            sys.exit("a run that was resumed wrote no checkpoint")
    trainer.run("--epochs", epochs, "--log", log, "--checkpoint", checkpoint, "--resume", "-o",
                trainer.scratch / "resumed.onnx")
    same_curve(trainer, straight, log)
    if (trainer.scratch / "straight.onnx").read_bytes() != (trainer.scratch / "resumed.onnx").read_bytes():
        sys.exit("the models differ")


def interrupt(trainer, epochs=100):
    straight, log, checkpoint = (trainer.scratch / name for name in ("straight.json", "log.json", "checkpoint"))
    trainer.run("--epochs", epochs, "--log", straight)
    process = trainer.start("--epochs", epochs, "--checkpoint", checkpoint)
    wait_for_change(checkpoint, None, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    if process.returncode != 130 or "--resume goes on" not in err:
        sys.exit(f"Ctrl-C gave exit {process.returncode}: {err}")
    trainer.run("--epochs", epochs, "--log", log, "--checkpoint", checkpoint, "--resume")
    same_curve(trainer, straight, log)
    # A checkpoint of another run is refused.
    trainer.command[trainer.command.index("--seed") + 1] = "6"
    process = trainer.start("--epochs", epochs, "--checkpoint", checkpoint, "--resume")
    _, err = process.communicate(timeout=60)
    if process.returncode != 1 or "it is of training with --seed 5, got 6" not in err:
        sys.exit(f"another seed gave exit {process.returncode}: {err}")


def accuracy(trainer):
    log, svg, html, trained = (trainer.scratch / name for name in ("log.json", "p.svg", "p.html", "trained.onnx"))
    trainer.run("--epochs", 40, "--log", log, "--plot", svg, "-o", trained)
    last = json.loads(log.read_text())["epochs"][-1]
    if last["val_accuracy"] < 0.93:
        sys.exit(f"after 40 epochs: {last}, want an accuracy of 0.93")
    picture = xml.etree.ElementTree.parse(svg)
    words = {element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")}
    if not {"epoch", "validation", "training, mean of an epoch"} <= words:
        sys.exit(f"the plot says {words}")
    trainer.run("--epochs", 2, "--plot", html)
    if "<svg" not in html.read_text() or "<table>" not in html.read_text():
        sys.exit("the page has no picture or no table")
    # Of all samples, of which four fifths were trained on: batches of 100 do not divide them.
    done = subprocess.run([trainer.ingot, "eval", trained, "--data", trainer.command[trainer.command.index("--data") + 1],
                           "--metrics", "accuracy,f1_macro,confusion", "--batch", "100", "--json"],
                          capture_output=True, text=True, timeout=600)
    if done.returncode:
        sys.exit(f"eval exited {done.returncode}: {done.stderr}")
    result = json.loads(done.stdout)
    right = sum(row[i] for i, row in enumerate(result["confusion"]))
    total = sum(map(sum, result["confusion"]))
    if total != result["samples"] or abs(right / total - result["accuracy"]) > 1e-12 or result["accuracy"] < 0.95:
        sys.exit(f"eval says {result}")


def program(trainer, epochs=12):
    straight, log, checkpoint = (trainer.scratch / name for name in ("straight.json", "log.json", "checkpoint"))
    jit, exported, binary = (trainer.scratch / name for name in ("jit.onnx", "exported.onnx", "program"))
    data = trainer.command[trainer.command.index("--data") + 1]
    for option in ("--val", "--metrics"):
        at = trainer.command.index(option)
        del trainer.command[at:at + 2]
    trainer.run("--epochs", epochs, "--log", straight, "-o", jit)
    trainer.run("--emit", "exe", "-o", binary)

    def run(*options):
        return subprocess.run([str(part) for part in (binary, "--data", data, *options)], capture_output=True, text=True,
                              timeout=600, env={})
    # Half of it, then the rest from the checkpoint.
    for count, options in ((epochs // 2, ()), (epochs, ("--resume", "--log", log, "--export", exported))):
        done = run("--epochs", count, "--checkpoint", checkpoint, *options)
        if done.returncode:
            sys.exit(f"the program exited {done.returncode}: {done.stderr}")
    if json.loads(straight.read_text())["losses"] != json.loads(log.read_text())["losses"]:
        sys.exit("the curves differ")

    def accuracy_of(model):
        done = subprocess.run([trainer.ingot, "eval", str(model), "--data", data, "--metrics", "accuracy,confusion",
                               "--json"], capture_output=True, text=True, timeout=600)
        return json.loads(done.stdout) if done.returncode == 0 else sys.exit(f"eval exited {done.returncode}: {done.stderr}")
    if accuracy_of(jit) != accuracy_of(exported) or accuracy_of(jit)["accuracy"] < 0.8:
        sys.exit(f"the models differ: {accuracy_of(jit)}, {accuracy_of(exported)}")
    for options, want in ((("--epochs", "x"), "option --epochs: got 'x', want a number of at least 1"),
                          (("--epochs", "1", "--resum"), "unknown option '--resum'; did you mean '--resume'?"),
                          (("--seconds", "-1"), "option --seconds: got '-1', want a number of seconds"),
                          (("--bench", "--steps", "1"), "--bench keeps nothing of what it trains")):
        done = run(*options)
        if done.returncode != 1 or want not in done.stderr:
            sys.exit(f"{options} gave exit {done.returncode}: {done.stderr}")
    done = run("--bench", "--json", "--seconds", "0", "--threads", "1")
    timing = json.loads(done.stdout) if done.returncode == 0 else sys.exit(f"--bench exited {done.returncode}: {done.stderr}")
    if timing["runs"] < 3 or timing["threads"] != 1 or not 0 < timing["min_ms"] <= timing["median_ms"]:
        sys.exit(f"--bench says {timing}")


def dropout(trainer, epochs=20):
    log, again, other = (trainer.scratch / name for name in ("log.json", "again.json", "other.json"))
    write_stateful_model(trainer.model)
    trained = trainer.scratch / "trained.onnx"
    trainer.run("--epochs", epochs, "--log", log, "-o", trained)
    trainer.run("--epochs", epochs, "--log", again)
    same_curve(trainer, log, again)
    # What is dropped depends on the seed, and is nothing in validation.
    record = json.loads(log.read_text())["epochs"][-1]
    if not record["val_loss"] < record["loss"] or record["val_accuracy"] < 0.9:
        sys.exit(f"dropout made no difference between training and validation, or too much: {record}")
    data = trainer.command[trainer.command.index("--data") + 1]
    done = subprocess.run([trainer.ingot, "eval", str(trained), "--data", data, "--metrics", "accuracy", "--json"],
                          capture_output=True, text=True, timeout=600)
    # The running statistics are in the trained model: without them, it would not know the digits.
    if done.returncode or json.loads(done.stdout)["accuracy"] < 0.9:
        sys.exit(f"eval exited {done.returncode}: {done.stdout}{done.stderr}")
    trainer.command[trainer.command.index("--seed") + 1] = "6"
    trainer.run("--epochs", 1, "--log", other)
    if json.loads(other.read_text())["losses"][0] == json.loads(log.read_text())["losses"][0]:
        sys.exit("another seed drops the same")


def npy(values, shape):
    """The bytes of an array of f32 as NumPy writes them."""
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + struct.pack(f"<{len(values)}f", *values)


def mask(trainer, bits=16, ratio=0.75):
    """Dropout of w beside weights of 1, 2, 4, ...: the loss says which elements were kept, and so does what moved."""
    powers = [2.0 ** i for i in range(bits)]
    listed = lambda values: "{" + ", ".join(f"{value:.1f}" for value in values) + "}"
    trainer.model.write_text(f"""<ir_version: 9, opset_import: ["" : 18]>
mask (float[N] x) => (float loss, float[{bits}] kept)
<float[{bits}] w = {listed([1] * bits)}, float[{bits}] powers = {listed(powers)}, float ratio = {{{ratio}}},
 float zero = {{0}}>
{{
  kept = Dropout (w, ratio)
  parts = Mul (kept, powers)
  total = ReduceSum <keepdims = 0> (parts)
  sum = ReduceSum <keepdims = 0> (x)
  nothing = Mul (sum, zero)
  loss = Add (total, nothing)
}}
""")
    data, log, trained, outputs = (trainer.scratch / name for name in ("x.npz", "log.json", "trained.onnx", "outputs"))
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("x.npy", npy([1.0] * 8, (8,)))

    def losses(steps, rate, *options):
        trainer.command = [trainer.ingot, "train", trainer.model, "--loss", "loss", "--data", data, "--wrt", "^w$",
                           "--optimizer", f"sgd:lr={rate}", "--batch", "4", "--steps", steps, "--log", log, *options]
        trainer.run()
        return json.loads(log.read_text())["losses"]

    def bits_of(loss):
        kept = loss * (1 - ratio)
        if kept != int(kept) or not 0 <= kept < 2 ** bits:
            sys.exit(f"the loss {loss} is no sum of kept elements times {1 / (1 - ratio)}")
        return int(kept)

    if losses(2, 0) != [2.0 ** bits - 1] * 2:
        sys.exit(f"dropout that the model has switched off drops: {losses(2, 0)}")
    # The gradient of a kept element is its power times the scale, that of another is 0: the mask of the loss.
    rate = 2.0 ** -10
    forward = bits_of(losses(1, rate, "--training-mode", "-o", trained)[0])
    subprocess.run([str(part) for part in (trainer.ingot, "run", trained, "--dim", "N=4", "--input", "x=1,1,1,1", "--output-dir",
                                        outputs)],
                   check=True, capture_output=True, timeout=600)
    moved = struct.unpack(f"<{bits}f", (outputs / "kept.npy").read_bytes()[-4 * bits:])
    want = [1 - rate * power / (1 - ratio) * (forward >> i & 1) for i, power in enumerate(powers)]
    if list(moved) != want:
        sys.exit(f"forward kept {forward:b}, and then the elements are {moved}, want {want}")
    # Each step has a mask of its own, of the elements that the ratio says.
    masks = [bits_of(loss) for loss in losses(2000, 0, "--training-mode")]
    if sum(a == b for a, b in zip(masks, masks[1:])) > 10 or masks[0] != forward:
        sys.exit("the mask does not change from step to step")
    for i in range(bits):
        share = sum(mask >> i & 1 for mask in masks) / len(masks)
        if abs(share - (1 - ratio)) > 0.05:  # five standard deviations
            sys.exit(f"element {i} was kept in {share:.1%} of the steps")
    if masks != [bits_of(loss) for loss in losses(2000, 0, "--training-mode")]:
        sys.exit("the same seed drops other elements")
    if masks == [bits_of(loss) for loss in losses(2000, 0, "--training-mode", "--seed", 1)]:
        sys.exit("another seed drops the same")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kill", "interrupt", "program", "dropout", "mask", "accuracy"])
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--data", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        globals()[args.what](Trainer(args, pathlib.Path(scratch)))


if __name__ == "__main__":
    main()
