"""Compares a classifier of Narrows with scikit-learn on the same features of an encoder.

    python features.py NARROWS BUNDLE FOLDER

NARROWS is the program, BUNDLE a model of the embedded digits, and FOLDER the output folder. `narrows encode` writes
features, and `narrows transfer` fits a linear classifier on them. The labels are those of scikit-learn's copy of the
digits. A logistic regression on the same standardised features, with the weight decay that `narrows transfer` chose,
must have the same accuracy and the same probabilities, within the tolerances below.
"""

import functools
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import sklearn
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from checks import CheckFailed, run_checks

TRAIN_ROWS = 1437
# Tolerance of the accuracy: half a percentage point.
ACCURACY = 0.005
# Tolerance of probabilities: both optimizers stop slightly before the minimum.
PROBABILITY = 0.01
# Tolerance of probabilities from the same graph in the same engine, called from Python.
ENGINE = 1e-5


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    narrows, bundle, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    onnxruntime.disable_telemetry_events()
    print(f"scikit-learn {sklearn.__version__}")
    features = {part: encoded(narrows, bundle, folder, part) for part in ("train", "test")}
    head = os.path.join(folder, "head")
    summary = json.loads(run(narrows, "transfer", bundle, "--data", "digits", "--out", head, "--json"))
    probabilities = os.path.join(folder, "probabilities.npy")
    run(narrows, "classify", head, "--data", "digits", "--part", "test", "--out", probabilities)
    probabilities = np.load(probabilities)
    run_checks(
        "features",
        [
            ("features as .npy and .csv", functools.partial(check_forms, features)),
            ("logistic regression of scikit-learn", functools.partial(check_fit, features, summary, probabilities)),
            ("classifier.onnx in Python", functools.partial(check_graph, head, probabilities)),
        ],
    )


def run(narrows, *arguments):
    return subprocess.run([narrows, "--quiet", *arguments], stdout=subprocess.PIPE, check=True).stdout


def encoded(narrows, bundle, folder, part):
    """Encodes a part of the data. Returns its features as read from each format, by file extension."""
    features = {}
    for ending, read in (("npy", np.load), ("csv", table)):
        path = os.path.join(folder, f"{part}.{ending}")
        run(narrows, "encode", bundle, "--data", "digits", "--part", part, "--out", path)
        features[ending] = read(path)
    return features


def table(path):
    """Reads the feature columns of a .csv file, which has labels too."""
    cells = np.genfromtxt(path, delimiter=",", names=True)
    names = [name for name in cells.dtype.names if name.startswith("z")]
    return np.stack([cells[name] for name in names], axis=1)


def check_forms(features):
    for part, forms in features.items():
        if not np.array_equal(forms["npy"], forms["csv"].astype(np.float32)):
            raise CheckFailed(f"the {part} part differs between .npy and .csv")
    return [f"{part} {forms['npy'].shape}" for part, forms in features.items()]


def check_fit(features, summary, probabilities):
    labels = load_digits().target
    train, test = labels[:TRAIN_ROWS], labels[TRAIN_ROWS:]
    if summary["fitted_rows"] != TRAIN_ROWS or len(probabilities) != len(test):
        rows = f"{summary['fitted_rows']} training and {len(probabilities)} test rows"
        raise CheckFailed(f"narrows used {rows}, expected {TRAIN_ROWS} and {len(test)}")
    # Our weight decay is relative to the mean loss over the rows, scikit-learn's C to their sum.
    inverse_strength = 1 / (summary["weight_decay"] * TRAIN_ROWS)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=inverse_strength, max_iter=10_000, tol=1e-8))
    model.fit(features["train"]["npy"].astype(np.float64), train)
    predicted = model.predict_proba(features["test"]["npy"].astype(np.float64))
    accuracy = float(np.mean(predicted.argmax(axis=1) == test))
    ours = summary["test"]["accuracy"]
    if abs(accuracy - ours) > ACCURACY:
        raise CheckFailed(f"the test accuracy of scikit-learn is {accuracy:.4f}, ours is {ours:.4f}")
    difference = float(np.abs(predicted - probabilities).max())
    if difference > PROBABILITY:
        raise CheckFailed(f"probabilities differ by {difference:.4f}, at most {PROBABILITY} is allowed")
    return [f"accuracy {accuracy:.4f}, ours {ours:.4f}", f"probabilities differ by {difference:.1e}"]


def check_graph(head, probabilities):
    images = load_digits().images[TRAIN_ROWS:].astype(np.float32)
    session = onnxruntime.InferenceSession(
        os.path.join(head, "classifier.onnx"), providers=["CPUExecutionProvider"]
    )
    (predicted,) = session.run(["probabilities"], {"x": images})
    difference = float(np.abs(predicted - probabilities).max())
    if difference > ENGINE:
        text = f"probabilities differ by {difference:.1e} from those of `narrows classify`"
        raise CheckFailed(f"{text}, at most {ENGINE} is allowed")
    return [f"probabilities differ by {difference:.1e} from `narrows classify`"]


if __name__ == "__main__":
    main(sys.argv[1:])
