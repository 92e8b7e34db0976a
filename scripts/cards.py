"""Runs the examples in model cards: the blocks in Python and JavaScript, as they are in the cards.

    python cards.py NARROWS ZOO FOLDER

NARROWS is the program, ZOO the folder of models of the embedded digits, and FOLDER the output folder. Each bundle is
copied to FOLDER, and its examples run there. Further bundles are made for the parts of a card that no model in ZOO has.
The examples in JavaScript need Node and npm, and are skipped without them. `just test` compiles those in Rust.
"""

import contextlib
import functools
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys

import numpy as np
from safetensors.numpy import load_file

from checks import CheckFailed, run_checks

ENGINE = "onnxruntime-web@1.27.0"
# Codes and reconstructions of digits, whose values range from 0 to 16. Other versions of ONNX Runtime sum in another
# order.
TOLERANCE = 1e-3
GENERATED = 16


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    narrows, zoo, folder = (os.path.abspath(argument) for argument in arguments)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    bundles = [copied(os.path.join(zoo, name), folder) for name in sorted(os.listdir(zoo))]
    bundles += made(narrows, zoo, folder)
    cases = [(f"Python of {os.path.basename(each)}", functools.partial(check_python, each)) for each in bundles]
    engine = provide_engine()
    if engine is not None:
        for each in bundles:
            cases.append((f"JavaScript of {os.path.basename(each)}", functools.partial(check_javascript, engine, each)))
    run_checks("examples of model cards", cases)


def copied(bundle, folder):
    copy = os.path.join(folder, os.path.basename(bundle))
    shutil.copytree(bundle, copy)
    return copy


def made(narrows, zoo, folder):
    """Returns bundles with the parts of a card that no model in the zoo has."""
    table = os.path.join(folder, "table.csv")
    values = np.random.default_rng(0).normal(size=(200, 4)) @ np.diag([1.0, 20.0, 300.0, 0.1])
    np.savetxt(table, values, delimiter=",", header="a,b,c,target", comments="", fmt="%.5f")
    recording = os.path.join(folder, "recording.csv")
    steps = np.arange(400)
    np.savetxt(recording, np.stack([np.sin(steps / 5), np.cos(steps / 7)], 1), delimiter=",", header="x,y", comments="")
    commands = {
        "diagonal": f"fit-prior {zoo}/ae --data digits --components 3 --covariance diagonal",
        "vamp": "train-export vae --data digits --epochs 2 --prior vamp:5",
        "classifier": f"transfer {zoo}/vae --data digits",
        "table": f"train-export ae --data {table} --ignore target --latent 2 --epochs 2",
        "regressor": f"transfer {folder}/table --data {table} --label-column target --task regression",
        "recording": f"train-export vae --data {recording} --window 16 --hop 4 --latent 2 --epochs 2",
    }
    for name, command in commands.items():
        words = [narrows, "--quiet", *command.split(), "--out", os.path.join(folder, name)]
        result = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"error: {' '.join(words)}: {result.stderr}")
    return [os.path.join(folder, name) for name in commands]


def block(bundle, language):
    """Returns the block of code in the card of a bundle, the last one: that of a detector comes before it."""
    *others, last = blocks(bundle, language)
    if len(others) != (language == "python" and "detector" in manifest_of(bundle)):
        raise CheckFailed(f"the card has {1 + len(others)} blocks of {language}")
    return last


def blocks(bundle, language):
    """Returns all blocks of code in the card of a bundle, at least one."""
    with open(os.path.join(bundle, "README.md"), encoding="utf-8") as file:
        found = re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    if not found:
        raise CheckFailed(f"the card has no block of {language}")
    return found


def manifest_of(bundle):
    with open(os.path.join(bundle, "manifest.json"), encoding="utf-8") as file:
        return json.load(file)


def generates(manifest):
    return manifest.get("prior") is not None or manifest.get("sampler") is not None


def check_python(bundle):
    """Runs the blocks, and compares their variables with the probes. Returns what the last one printed."""
    if "detector" in manifest_of(bundle):
        _, found = run(bundle, blocks(bundle, "python")[0])
        stored = load_file(os.path.join(bundle, "detector-probe.safetensors"))
        if not (found["is_anomaly"] == (stored["is_anomaly"] != 0)).all():
            raise CheckFailed("the labels of the detector are not those of its probe")
    printed, found = run(bundle, block(bundle, "python"))
    manifest, probe = manifest_of(bundle), load_file(os.path.join(bundle, "probe.safetensors"))
    if "head" in manifest["graphs"]:
        output = "probabilities" if manifest["kind"] == "classifier" else "prediction"
        close("prediction", found["prediction"], probe[output])
        close("from_codes", found["from_codes"], probe[output])
    else:
        # The code of the last part is a drawn one; `restored` was decoded from the code of the rows.
        close("restored", found["restored"], reconstruction(probe))
        if "x_hat" in probe and "categories_hat" in probe and not generates(manifest):
            close("levels", found["levels"], probe["categories_hat"])
    if generates(manifest):
        samples = found["samples"]
        expected = (GENERATED, *reconstruction(probe).shape[1:])
        if samples.shape != expected or not np.isfinite(samples).all() or not samples.std(axis=0).max() > 0:
            raise CheckFailed(f"the samples have the shape {samples.shape} and the deviation {samples.std()}")
    return printed.split("\n")[:1]


def reconstruction(probe):
    """Returns the output of the decoder that the examples show: the numbers of a mixed table, if it has any."""
    return probe["x_hat"] if "x_hat" in probe else probe["categories_hat"]


def run(bundle, code):
    """Runs a block in the folder of the bundle. Returns what it printed, and its variables."""
    script = os.path.join(bundle, "example.py")
    with open(script, "w", encoding="utf-8") as file:
        file.write(code)
    printed, before = io.StringIO(), os.getcwd()
    os.chdir(bundle)
    try:
        with contextlib.redirect_stdout(printed):
            found = runpy.run_path(script)
    finally:
        os.chdir(before)
    return printed.getvalue(), found


def close(name, found, expected):
    scale = max(1.0, float(np.abs(expected).max()))
    if found.shape != expected.shape or not np.abs(found - expected).max() <= TOLERANCE * scale:
        raise CheckFailed(f"`{name}` of shape {found.shape} is not that of the probe, {expected.shape}")


def provide_engine():
    """Returns the folder with ONNX Runtime for JavaScript; `None` where Node or npm is missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        print("the examples in JavaScript are skipped: they need `node` and `npm` on the PATH")
        return None
    folder = os.path.abspath(os.path.join(".tools", "onnxruntime-web"))
    installed = os.path.join(folder, "node_modules", "onnxruntime-web", "package.json")
    if not os.path.isfile(installed) or json.load(open(installed, encoding="utf-8"))["version"] != ENGINE.split("@")[1]:
        os.makedirs(folder, exist_ok=True)
        sys.stderr.write(f"fetching {ENGINE} with npm (141 MB)\n")
        words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder, ENGINE]
        result = subprocess.run(words, cwd=folder, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"error: npm cannot install {ENGINE}: {result.stderr}")
    return folder


def check_javascript(engine, bundle):
    """Runs the block. Node looks for packages next to the script, and for the graphs in the working directory."""
    script = os.path.join(engine, "example.mjs")
    with open(script, "w", encoding="utf-8") as file:
        file.write(block(bundle, "js"))
    result = subprocess.run(["node", script], cwd=bundle, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        raise CheckFailed(result.stderr)
    manifest = manifest_of(bundle)
    if "head" not in manifest["graphs"]:
        shape = reconstruction(load_file(os.path.join(bundle, "probe.safetensors"))).shape[1:]
        dims = "[ " + ", ".join(str(size) for size in (2, *shape)) + " ]"
        if f"reconstructions {dims}" not in result.stdout:
            raise CheckFailed(f"printed {result.stdout!r}, expected reconstructions of shape {dims}")
    has_normal_prior = manifest.get("prior") == "standard_normal" and manifest.get("sampler") is None
    if has_normal_prior and "generated [ 16, " not in result.stdout:
        raise CheckFailed(f"printed {result.stdout!r}, expected generated samples")
    return result.stdout.split("\n")[:1]


if __name__ == "__main__":
    main(sys.argv[1:])
