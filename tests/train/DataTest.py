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
    DataTest.py accuracy  --ingot PATH --data digits.npz   it learns, and `ingot eval` and the plots agree

Needs only Python."""
import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree


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


def kill(trainer, epochs=120, kills=5):
    straight, log, checkpoint = (trainer.scratch / name for name in ("straight.json", "log.json", "checkpoint"))
    trainer.run("--epochs", epochs, "--log", straight, "-o", trainer.scratch / "straight.onnx")
    moments = random.Random()
    killed, changed = 0, None
    while killed < kills:
        process = trainer.start("--epochs", epochs, "--log", log, "--checkpoint", checkpoint, "--checkpoint-every", 31,
                                "--resume")
        changed = wait_for_change(checkpoint, changed, process)
        if changed is None:
            break  # it was done before its turn
        time.sleep(moments.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        changed = checkpoint.stat().st_mtime_ns
        killed += process.returncode == -signal.SIGKILL
    if killed < 2:
        sys.exit(f"training was killed {killed} times, want 2 at least")
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
    write_model(trainer.model, """normal, mean, variance = BatchNormalization <training_mode = 1, momentum = 0.8> (sum, scale, b1, m0, v0)
  relu = Relu (normal)
  hidden = Dropout (relu, ratio, yes)""", """, float[24] scale = {%s}, float[24] m0 = {%s}, float[24] v0 = {%s},
 float ratio = {0.4}, bool yes = {1}""" % tuple(", ".join([number] * 24) for number in ("1", "0", "1")))
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["kill", "interrupt", "program", "dropout", "accuracy"])
    parser.add_argument("--ingot", required=True)
    parser.add_argument("--data", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        globals()[args.what](Trainer(args, pathlib.Path(scratch)))


if __name__ == "__main__":
    main()
