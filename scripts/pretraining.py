"""Compares a classifier of MNIST with layer-wise pretraining to the same classifier trained from scratch.

    python3 scripts/pretraining.py NARROWS [SEEDS]

NARROWS is the program, and SEEDS the number of seeds [default: 3]. Both variants make twenty passes over the training
rows. With pretraining: three for each of the three layers, one of the complete autoencoder, and ten with labels. From
scratch: twenty with labels. The comparison is made for ReLU with Adam and for sigmoid with plain gradient descent, and
printed as a table. Finished runs are saved in `runs/pretraining/` and not repeated.
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
NETWORKS = [
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
    for name, pretraining, transfer in NETWORKS:
        rows = {"pretrained": [], "scratch": []}
        for seed in range(seeds):
            bundle = os.path.join(FOLDER, f"{pretraining}-{seed}")
            config = os.path.join(ROOT, "configs", f"{pretraining}.toml")
            run = ["--run", bundle + "-run", "--out", bundle]
            if not os.path.exists(bundle + ".json"):
                shutil.rmtree(bundle + "-run", ignore_errors=True)
            autoencoder = run_once(narrows, bundle, ["train-export", "--config", config, "--seed", str(seed), *run])
            config = os.path.join(ROOT, "configs", "transfer", f"{transfer}.toml")
            for start, flags in (("pretrained", []), ("scratch", ["--from-scratch", "--epochs", str(PASSES)])):
                out = f"{bundle}-{start}"
                classifier = run_once(
                    narrows, out, ["transfer", bundle, "--config", config, "--seed", str(seed), "--out", out, *flags]
                )
                seconds = classifier["seconds"]["total"]
                if start == "pretrained":
                    seconds += autoencoder["seconds"]["total"]
                rows[start].append((100 * (1 - classifier["test"]["accuracy"]), seconds / 60))
        for start, results in rows.items():
            errors = [error for error, _ in results]
            each = ", ".join(f"{error:.2f}" for error in errors)
            minutes = statistics.mean(minutes for _, minutes in results)
            print(f"| {name} | {start} | {PASSES} | {statistics.mean(errors):.2f} | {each} | {minutes:.1f} |", flush=True)


def run_once(narrows, out, arguments):
    """Runs the program, unless it has run before, and returns its JSON output, which is saved in `out`.json."""
    saved = out + ".json"
    if not os.path.exists(saved):
        print("running: narrows " + " ".join(arguments), file=sys.stderr, flush=True)
        done = subprocess.run([narrows, *arguments, "--json", "--quiet"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        with open(saved + ".part", "wb") as file:
            file.write(done.stdout)
        os.replace(saved + ".part", saved)
    with open(saved, encoding="utf-8") as file:
        return json.load(file)


if __name__ == "__main__":
    main(sys.argv[1:])
