"""Compares the figures of `narrows compare` with NumPy, ONNX Runtime in Python and scikit-learn.

    python comparison.py NARROWS FOLDER

NARROWS is the program, and FOLDER the output folder. The models are trained on the embedded digits, of which
scikit-learn has a copy. Errors, likelihoods, accuracies, numbers of parameters and spreads must be those of the exported
graphs, computed here again, within the tolerances below.
"""

import functools
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from checks import CheckFailed, run_checks

TRAIN_ROWS = 1437
# Latent samples per row for the likelihood, in the program and here.
SAMPLES = 200
# Relative tolerance of figures without random numbers: both sides sum 32-bit floats in another order.
EXACT = 1e-4
# Tolerance in nats of means over 360 rows of estimates with 200 latent samples each, with other random numbers. The
# standard error of such a mean is about 0.01 nats, but importance weights have heavy tails.
ESTIMATE = 0.05
# Weight decay of the linear classifier here; the program chooses its own by cross-validation.
DECAY = 1e-4
# Tolerance of the accuracy, because the weight decays differ: 7 of 360 rows.
ACCURACY = 0.02


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    narrows, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    onnxruntime.disable_telemetry_events()
    flags = ["pca", "ae", "vae", "cvae", "--latent", "2,8", "--seeds", "2", "--epochs", "40", "--beta", "0.5,1"]
    flags += ["--likelihood-samples", str(SAMPLES), "--data", "digits", "--out", folder, "--json"]
    output = subprocess.run([narrows, "--quiet", "compare", *flags], stdout=subprocess.PIPE, check=True).stdout
    report = json.loads(output)
    cells = report["cells"]
    models = [(cell, Model(os.path.join(folder, "cells", name_of(cell), "bundle"))) for cell in cells]
    cases = [("rows are means over the seeds", functools.partial(check_rows, report))]
    cases += [(name_of(cell), functools.partial(check_cell, cell["figures"], model)) for cell, model in models]
    run_checks("figures of a comparison", cases)


def name_of(cell):
    beta = "" if cell["beta"] is None else f"-beta{cell['beta']:g}"
    return f"{cell['kind']}-{cell['latent']}{beta}-seed{cell['seed']}"


class Model:
    """The exported graphs of a bundle."""

    def __init__(self, folder):
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)
        self.paths = [os.path.join(folder, self.manifest["graphs"][name]["file"]) for name in ("encoder", "decoder")]
        self.encoder, self.decoder = (onnxruntime.InferenceSession(path) for path in self.paths)

    def run(self, session, values, labels):
        names = [port.name for port in session.get_inputs()]
        shape = session.get_inputs()[0].shape[1:]
        inputs = {names[0]: values.reshape(len(values), *shape).astype(np.float32)}
        if len(names) > 1:
            inputs[names[1]] = labels.astype(np.int64)
        return [output.reshape(len(values), -1).astype(np.float64) for output in session.run(None, inputs)]

    def encode(self, values, labels):
        return self.run(self.encoder, values, labels)

    def decode(self, codes, labels):
        return self.run(self.decoder, codes, labels)[0]

    def scaled(self, values):
        scaling = self.manifest["scaling"]
        return (values - np.array(scaling["offset"])) / np.array(scaling["scale"])

    def log_likelihood(self, target, output):
        if self.manifest["likelihood"] == "bernoulli":
            output = np.clip(output, 1e-7, 1 - 1e-7)
            return np.sum(target * np.log(output) + (1 - target) * np.log(1 - output), axis=1)
        variance = self.manifest["variance"]
        squares = np.sum((target - output) ** 2, axis=1)
        return -squares / (2 * variance) - target.shape[1] / 2 * np.log(2 * np.pi * variance)

    def parameters(self):
        tensors = [tensor for path in self.paths for tensor in onnx.load(path).graph.initializer]
        floats = [tensor for tensor in tensors if tensor.data_type == onnx.TensorProto.FLOAT and tensor.dims]
        return sum(int(np.prod(tensor.dims)) for tensor in floats)


def digits():
    values, labels = load_digits(return_X_y=True)
    return (values[:TRAIN_ROWS], labels[:TRAIN_ROWS]), (values[TRAIN_ROWS:], labels[TRAIN_ROWS:])


def check_rows(report):
    for row in report["rows"]:
        keys = ("kind", "latent", "beta")
        own = [cell["figures"] for cell in report["cells"] if all(cell[key] == row[key] for key in keys)]
        for figure in ("mse", "nll", "probe_accuracy", "train_seconds", "encode_microseconds"):
            values = [figures[figure] for figures in own]
            if values[0] is not None:
                close(f"mean of {figure}", row[figure]["mean"], np.mean(values), EXACT)
                close(f"deviation of {figure}", row[figure]["deviation"], np.std(values, ddof=1), EXACT)
    return [f"{len(report['rows'])} rows"]


def check_cell(figures, model):
    (train, train_labels), (test, labels) = digits()
    codes = model.encode(test, labels)
    decoded = model.decode(codes[0], labels)
    mse = np.mean((model.scaled(decoded) - model.scaled(test)) ** 2)
    close("mse", figures["mse"], mse, EXACT)
    close("parameters", figures["parameters"], model.parameters(), 0)
    details = [f"mse {mse:.5f}"]
    kind = model.manifest["kind"]
    if kind == "pca":
        pca = PCA(model.manifest["latent_dim"]).fit(model.scaled(train))
        scaled = model.scaled(test)
        close("mse of scikit-learn", mse, np.mean((pca.inverse_transform(pca.transform(scaled)) - scaled) ** 2), 1e-3)
    if kind in ("vae", "cvae"):
        details.append(check_likelihood(figures, model, codes, test, labels))
    if kind != "cvae":
        head = make_pipeline(StandardScaler(), LogisticRegression(C=1 / (DECAY * TRAIN_ROWS), max_iter=500))
        head.fit(model.encode(train, train_labels)[0], train_labels)
        accuracy = head.score(codes[0], labels)
        if abs(accuracy - figures["probe_accuracy"]) > ACCURACY:
            raise CheckFailed(f"accuracy {figures['probe_accuracy']}, scikit-learn {accuracy}")
        details.append(f"accuracy {figures['probe_accuracy']:.4f} and {accuracy:.4f}")
    return details


def check_likelihood(figures, model, codes, test, labels):
    """Importance sampling (Burda et al. 2016, equation 8)."""
    mean, log_variance = codes
    rate = np.mean(0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1))
    close("rate", figures["rate"], rate, EXACT)
    target, random, weights, conditional = model.scaled(test), np.random.default_rng(1), [], []
    for _ in range(SAMPLES):
        noise = random.standard_normal(mean.shape)
        latent = mean + np.exp(0.5 * log_variance) * noise
        log_p = model.log_likelihood(target, model.scaled(model.decode(latent, labels)))
        log_ratio = 0.5 * np.sum(noise**2 + log_variance - latent**2, axis=1)
        weights.append(log_p + log_ratio)
        conditional.append(log_p)
    nll = -np.mean(np.logaddexp.reduce(weights, axis=0) - np.log(SAMPLES))
    distortion = -np.mean(conditional)
    for name, expected in (("nll", nll), ("distortion", distortion)):
        if abs(figures[name] - expected) > ESTIMATE:
            raise CheckFailed(f"{name} {figures[name]}, NumPy {expected}")
    return f"nll {figures['nll']:.3f} and {nll:.3f}"


def close(name, found, expected, tolerance):
    if abs(found - expected) > tolerance * abs(expected):
        raise CheckFailed(f"{name} is {found}, expected {expected}")


if __name__ == "__main__":
    main(sys.argv[1:])
