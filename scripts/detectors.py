"""Checks the detectors of `narrows detect` with onnx, ONNX Runtime, NumPy, SciPy and scikit-learn.

    python detectors.py NARROWS ZOO FOLDER

NARROWS is the program, ZOO the folder of the models of the embedded digits, and FOLDER the output folder. For several
kinds and scores, a detector is fitted to the training digits and calibrated on the test digits. Its graph must pass the
checker, give the labels of `narrows detect run` for every digit, the p-values that follow from the calibration scores,
and scores that NumPy computes from the encoder and the decoder. Figures of labelled rows must be those of scikit-learn,
and those of `narrows drift` those of SciPy.
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
import scipy
import sklearn
from safetensors.numpy import load_file
from scipy.stats import ks_2samp, kstwobign
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score, roc_auc_score

from checks import CheckFailed, run_checks
from detector_scores import SCORES, Rows

TRAIN_ROWS = 1437
LEVEL, OTHER_LEVEL = 0.05, 0.2
CASES = [
    ("pca", "reconstruction"),
    ("ae", "reconstruction"),
    ("ae", "whitened"),
    ("ae", "neighbours"),
    ("ae", "combined"),
    ("conv-vae", "whitened"),
    ("cvae", "combined"),
    ("ae", "density"),
    ("vae", "elbo"),
    ("cvae", "likelihood"),
]
# Relative to the larger of 1 and the size of the score: graphs compute in 32 bits. Scores closer than this to a
# calibration score may count as equal to it.
TOLERANCE = 1e-4
# The distance of a stored code to itself is the root of a rounding error.
TOLERANCE_OF_NEIGHBOURS = 2e-3
SAME = 1e-5


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    narrows, zoo, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    onnxruntime.disable_telemetry_events()
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, SciPy {scipy.__version__}, ", end="")
    print(f"scikit-learn {sklearn.__version__}")
    program = functools.partial(run, narrows)
    digits = Digits(folder)
    ae = os.path.join(folder, "ae-combined")
    run_checks(
        "detectors",
        [
            (f"{kind}, {score}", functools.partial(check_detector, program, zoo, folder, digits, kind, score))
            for kind, score in CASES
        ]
        + [
            ("figures of labelled rows", functools.partial(check_figures, program, ae, folder, digits)),
            ("drift", functools.partial(check_drift, program, ae, folder, digits)),
        ],
    )


def run(narrows, *arguments):
    done = subprocess.run([narrows, "--quiet", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise CheckFailed(f"`narrows {' '.join(map(str, arguments))}` failed: {done.stderr.decode().strip()}")
    return done.stdout


class Digits:
    """The digits as arrays and as files. The last rows are the test part, which calibrates."""

    def __init__(self, folder):
        self.images, self.labels = load_digits().images.astype(np.float32), load_digits().target.astype(np.int64)
        self.data, self.names = os.path.join(folder, "digits.npy"), os.path.join(folder, "labels.csv")
        np.save(self.data, self.images)
        np.savetxt(self.names, self.labels, fmt="%d")


class Graph:
    """A graph of a bundle in ONNX Runtime."""

    def __init__(self, bundle, name):
        self.path = os.path.join(bundle, f"{name}.onnx")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # no warning that the input `level` has a default
        self.session = onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        self.inputs = [each.name for each in self.session.get_inputs()]
        self.outputs = [each.name for each in self.session.get_outputs()]

    def run(self, **values):
        """Returns the outputs by name. Values that are not inputs of the graph are left out."""
        feed = {name: value for name, value in values.items() if name in self.inputs}
        return dict(zip(self.outputs, self.session.run(None, feed)))


def check_detector(program, zoo, folder, digits, kind, score):
    bundle = os.path.join(folder, f"{kind}-{score}")
    flags = ["--score", score, "--false-alarms", LEVEL, "--calibration-part", "test", "--out", bundle]
    program("detect", "fit", os.path.join(zoo, kind), "--data", "digits", *flags)
    detector = Graph(bundle, "detector")
    onnx.checker.check_model(detector.path, full_check=True)
    outputs = detector.run(x=digits.images, label=digits.labels)
    check_level(bundle, detector, outputs, digits)
    check_shares(bundle, outputs, digits)
    differences = [f"labels of {len(digits.labels)} rows agree", check_program(program, bundle, outputs, digits)]
    tolerance = TOLERANCE_OF_NEIGHBOURS if score == "neighbours" else TOLERANCE
    check_p_values(bundle, outputs, tolerance)
    if score in SCORES:
        differences.append(check_score(bundle, outputs, digits, SCORES[score], tolerance))
    return differences


def record_of(bundle):
    with open(os.path.join(bundle, "manifest.json"), encoding="utf-8") as file:
        return json.load(file)


def check_level(bundle, detector, default, digits):
    """Checks that the default of the input `level` is the level of the fit, and that another one changes the labels."""
    fed = np.array(LEVEL, dtype=np.float32)
    explicit = detector.session.run(None, feed(detector, digits, fed))
    for name, value in zip(detector.outputs, explicit):
        if not np.array_equal(value, default[name]):
            raise CheckFailed(f"output `{name}` differs if the default level is passed")
    threshold = record_of(bundle)["detector"]["threshold"]
    if not np.array_equal(default["is_anomaly"], default["score"] > threshold):
        raise CheckFailed("a label is not the comparison of the score with the threshold in the manifest")
    for level, labels in [(LEVEL, default["is_anomaly"]), (OTHER_LEVEL, None)]:
        if labels is None:
            outputs = detector.session.run(None, feed(detector, digits, np.array(level, dtype=np.float32)))
            labels = dict(zip(detector.outputs, outputs))["is_anomaly"]
        if not np.array_equal(labels, default["p_value"] <= level * (1 + 1e-6)):
            raise CheckFailed(f"a label is not the comparison of the p-value with the level {level}")


def feed(detector, digits, level):
    """Returns the values of all inputs. ONNX Runtime lists inputs with a default apart from the others."""
    values = {"x": digits.images, "label": digits.labels}
    return {name: values[name] for name in detector.inputs} | {"level": level}


def check_shares(bundle, outputs, digits):
    shares = outputs["share"].reshape(len(digits.labels), -1)
    if shares.min() < 0 or np.abs(shares.sum(axis=1) - 1).max() > 1e-5:
        raise CheckFailed(f"shares have sums from {shares.sum(axis=1).min()} to {shares.sum(axis=1).max()}")
    _, decoded = encoded(bundle, digits)
    difference = np.abs(decoded - outputs["x_hat"]).max()
    if difference > SAME * 16:
        raise CheckFailed(f"the expected values differ from the decoder's by {difference:.1e}")


def check_program(program, bundle, outputs, digits):
    """Compares with `narrows detect run`. Returns the largest difference of a score."""
    out = os.path.join(bundle, os.pardir, "detections.npy")
    labels = ["--labels", digits.names] if record_of(bundle).get("classes") else []
    program("detect", "run", bundle, "--data", digits.data, *labels, "--out", out)
    table = np.load(out)
    scores = outputs["score"]
    difference = (np.abs(table[:, 0] - scores) / np.maximum(1, np.abs(scores))).max()
    if difference > SAME:
        raise CheckFailed(f"scores of `detect run` differ by {difference:.1e}")
    flips = (table[:, 2] != outputs["is_anomaly"]).sum()
    if flips or not np.array_equal(table[:, 1], outputs["p_value"]):
        raise CheckFailed(f"{flips} labels of `detect run` differ, or p-values do")
    return f"scores of `detect run` {difference:.1e}"


def check_p_values(bundle, outputs, tolerance):
    """Computes p-values from the scores of the calibration rows. Close scores may count as equal."""
    scores, calibration = outputs["score"].astype(np.float64), outputs["score"][TRAIN_ROWS:].astype(np.float64)
    rows = record_of(bundle)["detector"]["calibration_rows"]
    if rows != len(calibration):
        raise CheckFailed(f"{rows} calibration rows, expected {len(calibration)}")
    stored = load_file(os.path.join(bundle, "calibration.safetensors"))["scores"]
    differences = np.abs(stored - np.sort(calibration)) / np.maximum(1, np.abs(stored))
    if differences.max() > tolerance:
        raise CheckFailed(f"calibration scores differ by {differences.max():.1e}")
    margin = tolerance * np.maximum(1, np.abs(scores))
    least, most = ((calibration[None] >= (scores + sign * margin)[:, None]).sum(axis=1) for sign in (1, -1))
    counts = np.rint(outputs["p_value"].astype(np.float64) * (rows + 1) - 1)
    wrong = ((counts < least) | (counts > most)).sum()
    if wrong:
        raise CheckFailed(f"{wrong} p-values are not those of the calibration scores")


def encoded(bundle, digits):
    """Returns the codes, and the reconstructions in the unit of the data."""
    code = Graph(bundle, "encoder").run(x=digits.images, label=digits.labels)
    code = code["mu" if "mu" in code else "z"]
    return code, Graph(bundle, "decoder").run(z=code, label=digits.labels)["x_hat"]


def check_score(bundle, outputs, digits, expected, tolerance):
    """Compares the scores of all digits with those of NumPy. Returns the largest difference."""
    codes, decoded = encoded(bundle, digits)
    scaling = record_of(bundle)["scaling"]
    offset, scale = np.array(scaling["offset"], dtype=np.float64), np.array(scaling["scale"], dtype=np.float64)
    samples, decoded = ((each.reshape(len(each), -1) - offset) / scale for each in (digits.images, decoded))
    parts = (samples, decoded, codes.astype(np.float64))
    scores = expected(Rows(*(part[:TRAIN_ROWS] for part in parts)), Rows(*parts))
    difference = (np.abs(outputs["score"] - scores) / np.maximum(1, np.abs(scores))).max()
    if not difference <= tolerance:
        raise CheckFailed(f"scores differ from NumPy's by {difference:.1e}")
    return f"of NumPy {difference:.1e}"


def check_figures(program, bundle, folder, digits):
    """Calls some digits anomalies, adds noise to half of them, and compares the figures with scikit-learn's."""
    generator = np.random.default_rng(0)
    are_anomalies = generator.random(len(digits.images)) < 0.1
    noise = generator.normal(0, 0.7, digits.images.shape).astype(np.float32)
    data, labels, out = (os.path.join(folder, name) for name in ("mixed.npy", "mixed.csv", "mixed-scores.npy"))
    is_noisy = are_anomalies & (generator.random(len(are_anomalies)) < 0.5)
    np.save(data, digits.images + noise * is_noisy[:, None, None])
    np.savetxt(labels, are_anomalies, fmt="%d")
    report = json.loads(program("detect", "run", bundle, "--data", data, "--labels", labels, "--out", out, "--json"))
    table, figures = np.load(out), report["labelled"]
    scores = table[:, 0].astype(np.float64)
    count = are_anomalies.sum()
    first = np.argsort(-scores, kind="stable")[:count]
    expected = {
        "auroc": roc_auc_score(are_anomalies, scores),
        "average_precision": average_precision_score(are_anomalies, scores),
        "precision_at_anomalies": are_anomalies[first].mean(),
        "anomalies": count,
        "found": (table[are_anomalies, 2] == 1).sum(),
        "false_alarms": (table[~are_anomalies, 2] == 1).sum(),
    }
    for name, value in expected.items():
        if abs(figures[name] - value) > 1e-9:
            raise CheckFailed(f"{name} is {figures[name]}, expected {value}")
    return [f"{name} {expected[name]:.4f}" for name in ("auroc", "average_precision")]


def check_drift(program, bundle, folder, digits):
    """Compares darker digits with the calibration."""
    data, out = os.path.join(folder, "darker.npy"), os.path.join(folder, "darker-scores.npy")
    recent = digits.images[:500] * np.float32(0.9)
    np.save(data, recent)
    report = json.loads(program("drift", bundle, "--data", data, "--json"))
    program("detect", "run", bundle, "--data", data, "--out", out)
    calibration = load_file(os.path.join(bundle, "calibration.safetensors"))
    rows = record_of(bundle)["detector"]["calibration_rows"]
    check_shift(report["scores"], calibration["scores"], snapped(calibration["scores"], np.load(out)[:, 0]), rows)
    columns = {each["name"]: each for each in report["columns"]}
    if len(columns) != 64:
        raise CheckFailed(f"{len(columns)} columns, expected 64")
    for index, reference in enumerate(calibration["columns"]):
        check_shift(columns[f"pixel {index // 8},{index % 8}"], reference, recent.reshape(-1, 64)[:, index], rows)
    return [f"KS of the scores {report['scores']['kolmogorov_smirnov']:.4f}, of 64 columns"]


def snapped(reference, recent):
    """Replaces each value by the nearest one of the reference, if they differ by rounding only."""
    nearest = reference[np.abs(reference[None, :] - recent[:, None]).argmin(axis=1)]
    is_equal = np.abs(nearest - recent) <= 1e-4 * np.maximum(np.abs(nearest), 1)
    return np.where(is_equal, nearest, recent)


def check_shift(figures, reference, recent, rows):
    """Compares with SciPy's statistic, Kolmogorov's limit, and the population stability index of NumPy."""
    statistic = ks_2samp(reference, recent, method="asymp").statistic
    both = np.sqrt(rows * len(recent) / (rows + len(recent)))
    expected = {"kolmogorov_smirnov": statistic, "p_value": kstwobign.sf(both * statistic)}
    expected["psi"] = stability(reference, recent)
    for name, value in expected.items():
        if not abs(figures[name] - value) <= 1e-6 * max(1, abs(value)):
            raise CheckFailed(f"{name} is {figures[name]}, expected {value}")


def stability(reference, recent):
    """The population stability index over bins that end at the deciles of the reference."""
    ordered = np.sort(reference)
    edges = np.unique([ordered[-(-bin * len(ordered) // 10) - 1] for bin in range(1, 10)])
    bins = len(edges) + 1
    indices = (np.searchsorted(edges, values, side="left") for values in (reference, recent))
    counts = [np.bincount(each, minlength=bins) for each in indices]
    kept = (counts[0] + counts[1]) > 0
    one, other = (np.maximum(count[kept], 0.5) / count.sum() for count in counts)
    return ((other - one) * np.log(other / one)).sum()


if __name__ == "__main__":
    main(sys.argv[1:])
