"""Checks the features of an encoder with scikit-learn: they tell it what they tell our head.

    python features.py NARROWS BUNDLE FOLDER

NARROWS is the program, BUNDLE a model of the embedded digits, FOLDER a place for what is written.
`narrows encode` writes features, `narrows transfer` fits a head on them; scikit-learn's own copy of
the digits has the labels. A logistic regression on the same standardised features, with the weight
decay that the head chose, must be right as often, and as sure.
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

from verdicts import Miss, judge

TRAIN_ROWS = 1437
ACCURACY = 0.005  # half a point
# Both stop a little before the minimum; 0.01 of a probability decides between classes that tie.
PROBABILITY = 0.01
ENGINE = 1e-5  # the same graph in the same engine, called from another language


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
    told = json.loads(run(narrows, "transfer", bundle, "--data", "digits", "--out", head, "--json"))
    probabilities = os.path.join(folder, "probabilities.npy")
    run(narrows, "classify", head, "--data", "digits", "--part", "test", "--out", probabilities)
    probabilities = np.load(probabilities)
    judge(
        "features",
        [
            ("as .npy and .csv", functools.partial(check_forms, features)),
            ("scikit-learn on them", functools.partial(check_fit, features, told, probabilities)),
            ("classifier.onnx from Python", functools.partial(check_graph, head, probabilities)),
        ],
    )


def run(narrows, *arguments):
    return subprocess.run([narrows, "--quiet", *arguments], stdout=subprocess.PIPE, check=True).stdout


def encoded(narrows, bundle, folder, part):
    """The features of a part, by the ending of the file that they were read from."""
    found = {}
    for ending, read in (("npy", np.load), ("csv", table)):
        path = os.path.join(folder, f"{part}.{ending}")
        run(narrows, "encode", bundle, "--data", "digits", "--part", part, "--out", path)
        found[ending] = read(path)
    return found


def table(path):
    """The columns of features; the labels stand beside them."""
    cells = np.genfromtxt(path, delimiter=",", names=True)
    names = [name for name in cells.dtype.names if name.startswith("z")]
    return np.stack([cells[name] for name in names], axis=1)


def check_forms(features):
    for part, found in features.items():
        if not np.array_equal(found["npy"], found["csv"].astype(np.float32)):
            raise Miss(f"the {part} part is not the same in both")
    return [f"{part} {found['npy'].shape}" for part, found in features.items()]


def check_fit(features, told, probabilities):
    labels = load_digits().target
    train, test = labels[:TRAIN_ROWS], labels[TRAIN_ROWS:]
    if told["fitted_rows"] != TRAIN_ROWS or len(probabilities) != len(test):
        raise Miss(f"other rows than scikit-learn's: {told['fitted_rows']} and {len(probabilities)}")
    # The head's decay stands beside the mean loss of a row, C beside the sum.
    strength = 1 / (told["weight_decay"] * TRAIN_ROWS)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=10_000, tol=1e-8))
    model.fit(features["train"]["npy"].astype(np.float64), train)
    found = model.predict_proba(features["test"]["npy"].astype(np.float64))
    accuracy = float(np.mean(found.argmax(axis=1) == test))
    ours = told["test"]["accuracy"]
    if abs(accuracy - ours) > ACCURACY:
        raise Miss(f"scikit-learn is right in {accuracy:.4f} of the test rows, our head in {ours:.4f}")
    apart = float(np.abs(found - probabilities).max())
    if apart > PROBABILITY:
        raise Miss(f"probabilities are {apart:.4f} apart")
    return [f"accuracy {accuracy:.4f}, ours {ours:.4f}", f"probabilities {apart:.1e} apart"]


def check_graph(head, probabilities):
    images = load_digits().images[TRAIN_ROWS:].astype(np.float32)
    session = onnxruntime.InferenceSession(
        os.path.join(head, "classifier.onnx"), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run(["probabilities"], {"x": images})
    apart = float(np.abs(found - probabilities).max())
    if apart > ENGINE:
        raise Miss(f"probabilities are {apart:.1e} from those of `narrows classify`")
    return [f"{apart:.1e} from `narrows classify`"]


if __name__ == "__main__":
    main(sys.argv[1:])
