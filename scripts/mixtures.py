"""Checks `narrows fit-prior` with scikit-learn's GaussianMixture.

    python mixtures.py NARROWS BUNDLE CONDITIONAL FOLDER

NARROWS is the program, BUNDLE a bundle of a deterministic encoder of the embedded digits, CONDITIONAL one of a
conditional model of the digits, and FOLDER a folder for the results. Every digit is passed ten times in succession, so the row of ten that is held out is always the same image, and
the log-likelihood in the manifest must be that of scikit-learn for the same mixture and codes. One more iteration of
scikit-learn's expectation maximisation must not change the fit, and one component must have the mean and the covariance
of the codes. The mixture of each class of the conditional model, of one component, must have the weight, the mean and
the covariance of the posteriors of that class: those of the means, plus the mean of the variances.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
import warnings

import numpy as np
import onnxruntime
import sklearn
from safetensors.numpy import load_file
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from checks import CheckFailed, run_checks

TRAIN_ROWS = 1437
REPETITIONS = 10  # one of ten rows is held out
DENSITY = 1e-8  # relative; both compute in 64-bit floats
ITERATION = 1e-3  # nats per code; the fit ends when an iteration improves it by less than 1e-4
ERRORS = 5  # standard errors of the moments of posterior samples
MOMENTS = 1e-5  # relative to the standard deviations; every variance is raised by 1e-6 of itself


def main(arguments):
    if len(arguments) != 4:
        sys.exit(__doc__)
    narrows, bundle, conditional, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    print(f"scikit-learn {sklearn.__version__}")
    images = load_digits().images[:TRAIN_ROWS].astype(np.float32)
    data, codes = os.path.join(folder, "data.npy"), os.path.join(folder, "codes.npy")
    np.save(data, images)
    run(narrows, "encode", bundle, "--data", data, "--out", codes)
    np.save(data, np.repeat(images, REPETITIONS, axis=0))
    codes = np.load(codes).astype(np.float64)
    cases = [(1, "full"), (5, "full"), (5, "diagonal"), (20, "diagonal")]
    run_checks(
        "mixtures",
        [
            (f"{components} components, {form}", functools.partial(check, narrows, bundle, data, codes, components, form))
            for components, form in cases
        ]
        + [("one component per class", functools.partial(check_classes, narrows, conditional, data))],
    )


def run(narrows, *arguments):
    return subprocess.run([narrows, "--quiet", *arguments], stdout=subprocess.PIPE, check=True).stdout


def check(narrows, bundle, data, codes, components, form):
    out = os.path.join(os.path.dirname(data), f"{form}-{components}")
    flags = ["--components", str(components), "--covariance", form, "--out", out, "--json"]
    record = json.loads(run(narrows, "fit-prior", bundle, "--data", data, *flags))["sampler"]
    mixture = load_file(os.path.join(out, "sampler.safetensors"))
    model = as_scikit(mixture, form)
    if (record["rows"], record["held_out_rows"]) != (TRAIN_ROWS * 9, TRAIN_ROWS):
        raise CheckFailed(f"{record['rows']} fitted and {record['held_out_rows']} held-out rows")
    expected, ours = model.score(codes), record["log_likelihood"]
    if not abs(ours - expected) <= DENSITY * abs(expected):
        raise CheckFailed(f"the log-likelihood is {ours}, of scikit-learn {expected}")
    gain = next_iteration(model, codes).score(codes) - expected
    if not abs(gain) <= ITERATION:
        raise CheckFailed(f"one iteration of scikit-learn changes the log-likelihood by {gain:.5f} nats")
    if components == 1:
        check_moments(mixture, codes)
    return [f"log-likelihood {ours:.6f}, scikit-learn {expected:.6f}", f"next iteration {gain:+.1e}"]


def check_moments(mixture, codes):
    scale = codes.std(axis=0)
    factor = mixture["factors"][0]
    mean = np.abs((mixture["means"][0] - codes.mean(axis=0)) / scale).max()
    covariance = np.abs((factor @ factor.T - np.cov(codes.T, bias=True)) / np.outer(scale, scale)).max()
    if not max(mean, covariance) <= MOMENTS:
        raise CheckFailed(f"the mean differs by {mean:.1e} and the covariance by {covariance:.1e}")


def check_classes(narrows, bundle, data):
    folder = os.path.dirname(data)
    out, names = os.path.join(folder, "classes"), os.path.join(folder, "labels.csv")
    images, labels = load_digits().images[:TRAIN_ROWS].astype(np.float32), load_digits().target[:TRAIN_ROWS]
    np.savetxt(names, np.repeat(labels, REPETITIONS), fmt="%d")
    flags = ["--data", data, "--labels", names, "--components", "1", "--out", out, "--json"]
    record = json.loads(run(narrows, "fit-prior", bundle, *flags))["sampler"]
    if record["class_components"] != [1] * 10:
        raise CheckFailed(f"the classes have {record['class_components']} components")
    mixture = load_file(os.path.join(out, "sampler.safetensors"))
    session = onnxruntime.InferenceSession(os.path.join(bundle, "encoder.onnx"))
    means, log_variances = session.run(["mu", "log_var"], {"x": images, "label": labels.astype(np.int64)})
    means, variances = means.astype(np.float64), np.exp(log_variances.astype(np.float64))
    largest = [0.0, 0.0]
    for component, label in enumerate(mixture["classes"]):
        of_class = labels == label
        if abs(mixture["weights"][component] - of_class.mean()) > DENSITY:
            raise CheckFailed(f"class {label} has the weight {mixture['weights'][component]}, not {of_class.mean()}")
        covariance = np.cov(means[of_class].T, bias=True) + np.diag(variances[of_class].mean(axis=0))
        scale = np.sqrt(np.diag(covariance))
        factor = mixture["factors"][component]
        rows = of_class.sum() * (REPETITIONS - 1)
        # In standard errors of the posterior samples, at most those of the codes.
        mean = np.abs((mixture["means"][component] - means[of_class].mean(axis=0)) / scale).max() * rows**0.5
        spread = np.abs((factor @ factor.T - covariance) / np.outer(scale, scale)).max() * (rows / 2) ** 0.5
        largest = [max(largest[0], mean), max(largest[1], spread)]
    if not max(largest) <= ERRORS:
        raise CheckFailed(f"means differ by {largest[0]:.1f} and covariances by {largest[1]:.1f} standard errors")
    return [f"means within {largest[0]:.1f} standard errors", f"covariances within {largest[1]:.1f}"]


def as_scikit(mixture, form):
    """Returns a GaussianMixture with these parameters."""
    if form == "full":
        inverses = np.linalg.inv(mixture["factors"])
        cholesky = inverses.transpose(0, 2, 1)
        precisions = cholesky @ inverses
    else:
        precisions = np.exp(-mixture["log_variances"])
        cholesky = np.sqrt(precisions)
    model = GaussianMixture(len(mixture["weights"]), covariance_type={"full": "full", "diagonal": "diag"}[form])
    model.weights_, model.means_ = mixture["weights"], mixture["means"]
    model.precisions_, model.precisions_cholesky_ = precisions, cholesky
    return model


def next_iteration(model, codes):
    """Returns the model after one iteration of scikit-learn."""
    refined = GaussianMixture(
        len(model.weights_),
        covariance_type=model.covariance_type,
        weights_init=model.weights_ / model.weights_.sum(),
        means_init=model.means_,
        precisions_init=model.precisions_,
        max_iter=1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return refined.fit(codes)


if __name__ == "__main__":
    main(sys.argv[1:])
