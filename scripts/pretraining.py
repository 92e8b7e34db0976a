"""Asks when layer-wise pretraining matters: the same classifier of MNIST, pretrained and from scratch.

    python3 scripts/pretraining.py NARROWS [SEEDS]

NARROWS is the program. Both ways have twenty passes over the training rows: pretrained, three for each
of the three layers, one of the whole autoencoder and ten with labels; from scratch, twenty with labels.
Once with ReLU and Adam, once with sigmoids and plain gradient descent. What is done is kept in
`runs/pretraining/`, and not done again.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "runs", "pretraining")
PASSES = 20
WAYS = [
    ("ReLU, Adam", "sdae-mnist", "pretraining-relu"),
    ("sigmoid, plain SGD", "sdae-sigmoid-mnist", "pretraining-sigmoid"),
]


def main(arguments):
    if not 1 <= len(arguments) <= 2:
        raise SystemExit(__doc__)
    narrows, seeds = arguments[0], int(arguments[1]) if len(arguments) == 2 else 3
    os.makedirs(FOLDER, exist_ok=True)
    print("| network | start | passes | test error, % | by seed | minutes |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, layers, labels in WAYS:
        rows = {"pretrained": [], "scratch": []}
        for seed in range(seeds):
            bundle = os.path.join(FOLDER, f"{layers}-{seed}")
            config = os.path.join(ROOT, "configs", f"{layers}.toml")
            run = ["--run", bundle + "-run", "--out", bundle]
            if not os.path.exists(bundle + ".json"):
                shutil.rmtree(bundle + "-run", ignore_errors=True)
            before = asked(narrows, bundle, ["train-export", "--config", config, "--seed", str(seed), *run])
            config = os.path.join(ROOT, "configs", "transfer", f"{labels}.toml")
            for start, flags in (("pretrained", []), ("scratch", ["--from-scratch", "--epochs", str(PASSES)])):
                out = f"{bundle}-{start}"
                told = asked(
                    narrows, out, ["transfer", bundle, "--config", config, "--seed", str(seed), "--out", out, *flags]
                )
                seconds = told["seconds"]["total"] + (before["seconds"]["total"] if start == "pretrained" else 0)
                rows[start].append((100 * (1 - told["test"]["accuracy"]), seconds / 60))
        for start, found in rows.items():
            errors = [error for error, _ in found]
            each = ", ".join(f"{error:.2f}" for error in errors)
            minutes = statistics.mean(minutes for _, minutes in found)
            print(f"| {name} | {start} | {PASSES} | {statistics.mean(errors):.2f} | {each} | {minutes:.1f} |", flush=True)


def asked(narrows, out, arguments):
    """What the program says of a run, or said when it was made."""
    kept = out + ".json"
    if not os.path.exists(kept):
        print("running: narrows " + " ".join(arguments), file=sys.stderr, flush=True)
        done = subprocess.run([narrows, *arguments, "--json", "--quiet"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        with open(kept + ".part", "wb") as file:
            file.write(done.stdout)
        os.replace(kept + ".part", kept)
    with open(kept, encoding="utf-8") as file:
        return json.load(file)


if __name__ == "__main__":
    main(sys.argv[1:])
