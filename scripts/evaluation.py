"""Compares the figures of `narrows evaluate` with NumPy, SciPy, scikit-image and scikit-learn.

    python evaluation.py NARROWS ZOO FOLDER

NARROWS is the program, ZOO the folder of the models of the embedded digits, and FOLDER the output folder. Every figure
is computed again from the exported graphs, which ONNX Runtime runs in Python, from the output of other commands, and
from scikit-learn's copy of the digits.
"""

import functools
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import scipy.linalg
import skimage
import sklearn
from scipy.special import logsumexp
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from checks import CheckFailed, run_checks

TRAIN_ROWS = 1437
SAMPLES = 50
NEIGHBOURS = 5
# Relative tolerance of figures without random numbers: graphs compute in 32 bits.
EXACT = 2e-5
# Tolerance of an accuracy: neighbours at equal distances, and minima that optimizers stop slightly before.
ACCURACY = 0.01
# Tolerance of the accuracy of a network with other initial weights and another optimizer.
NETWORK = 0.03
# Number of estimates of a likelihood.
REPEATS = 10
ROW = "nll_row_standard_error"
# Number of standard errors that two estimates with different random numbers may differ.
ERRORS = 4.5


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    narrows, zoo, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    onnxruntime.disable_telemetry_events()
    print(f"scikit-image {skimage.__version__}, scikit-learn {sklearn.__version__}")
    program = functools.partial(run, narrows)
    vae, cvae = (Model(os.path.join(zoo, kind)) for kind in ("vae", "cvae"))
    figures = evaluate(program, vae.path, "--importance-samples", str(SAMPLES))
    bernoulli = os.path.join(folder, "bernoulli")
    program("train-export", "vae", "--data", "digits", "--likelihood", "bernoulli", "--epochs", "20", "--out", bernoulli)
    bernoulli = Model(bernoulli)
    of_bernoulli = evaluate(program, bernoulli.path, "--importance-samples", str(SAMPLES))
    run_checks(
        "figures",
        [
            ("errors and explained variance", functools.partial(check_errors, figures, vae)),
            ("errors with a Bernoulli likelihood", functools.partial(check_errors, of_bernoulli, bernoulli)),
            ("PSNR and SSIM of 8 x 8 images", functools.partial(check_small_images, figures, vae)),
            ("SSIM of colour images", functools.partial(check_colour_images, program, folder)),
            ("KL divergence and active units", functools.partial(check_divergence, figures, vae)),
            ("mutual information", functools.partial(check_information, figures, vae)),
            ("ELBO and likelihood", functools.partial(check_likelihood, figures, vae)),
            ("likelihood of Bernoulli", functools.partial(check_likelihood, of_bernoulli, bernoulli)),
            ("linear classifier and neighbours", functools.partial(check_classifiers, figures, vae)),
            ("samples in pixels", functools.partial(check_samples, program, vae, folder, "pixels")),
            ("samples in components", functools.partial(check_samples, program, vae, folder, "pca")),
            ("samples in codes", functools.partial(check_samples, program, vae, folder, os.path.join(zoo, "ae"))),
            ("samples of classes", functools.partial(check_classes, program, cvae, folder)),
        ],
    )


def run(narrows, *arguments):
    return subprocess.run([narrows, "--quiet", *arguments], stdout=subprocess.PIPE, check=True).stdout


def evaluate(program, bundle, *flags, data="digits"):
    return json.loads(program("evaluate", bundle, "--data", data, "--json", *flags))


class Digits:
    """The digits in their parts, with pixels from 0 to 1."""

    images = load_digits().images.astype(np.float64) / 16
    labels = load_digits().target
    train, test = images[:TRAIN_ROWS], images[TRAIN_ROWS:]
    train_labels, test_labels = labels[:TRAIN_ROWS], labels[TRAIN_ROWS:]
    test_rows, train_rows = test.reshape(len(test), -1), train.reshape(len(train), -1)


class Model:
    """The exported graphs of a model of the digits."""

    def __init__(self, path):
        self.path = path
        with open(os.path.join(path, "manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)
        self.encoder, self.decoder = (
            onnxruntime.InferenceSession(os.path.join(path, f"{name}.onnx"), providers=["CPUExecutionProvider"])
            for name in ("encoder", "decoder")
        )

    def posterior(self, images):
        """Returns means and log-variances, [rows, latent]."""
        names = [output.name for output in self.encoder.get_outputs()]
        outputs = self.encoder.run(None, {self.encoder.get_inputs()[0].name: (16 * images).astype(np.float32)})
        by_name = dict(zip(names, outputs))
        return tuple(by_name[name].astype(np.float64) for name in ("mu", "log_var"))

    def decode(self, codes):
        """Returns the means of the pixels, [rows, pixels]."""
        (samples,) = self.decoder.run(None, {self.decoder.get_inputs()[0].name: codes.astype(np.float32)})
        return samples.reshape(len(codes), -1).astype(np.float64) / 16

    def nats(self, rows, decoded):
        """Returns the negative log-likelihood of every row."""
        if self.manifest["likelihood"] == "bernoulli":
            p = np.clip(decoded, 1e-7, 1 - 1e-7)
            return -(rows * np.log(p) + (1 - rows) * np.log(1 - p)).sum(axis=-1)
        variance = self.manifest["variance"]
        squares = ((rows - decoded) ** 2).sum(axis=-1)
        return squares / (2 * variance) + rows.shape[-1] / 2 * np.log(2 * np.pi * variance)

    def codes(self, images):
        names = [output.name for output in self.encoder.get_outputs()]
        outputs = self.encoder.run(None, {self.encoder.get_inputs()[0].name: (16 * images).astype(np.float32)})
        return outputs[names.index("mu") if "mu" in names else 0].astype(np.float64)


def compare(figures, expected, tolerance=EXACT, relative=True):
    """Compares figures by name. Returns a description of the largest difference."""
    worst = ("", 0.0)
    for name, value in expected.items():
        ours = figures[name]
        if ours is None:
            raise CheckFailed(f"{name} is missing, expected {value:.6g}")
        difference = abs(ours - value) / (max(abs(value), 1e-9) if relative else 1)
        if not difference <= tolerance:
            raise CheckFailed(f"{name} is {ours:.8g}, expected {value:.8g}: {difference:.1e}, allowed {tolerance:.1e}")
        worst = max(worst, (name, difference), key=lambda pair: pair[1])
    return [f"{len(expected)} figures, the largest difference is {worst[1]:.1e} ({worst[0]})"]


def with_error(name, values):
    """Returns the mean of a figure over the rows with its standard error."""
    return {name: values.mean(), f"{name}_standard_error": values.std(ddof=1) / np.sqrt(len(values))}


def check_errors(figures, model):
    rows = Digits.test_rows
    decoded = model.decode(model.codes(Digits.test))
    squares = (rows - decoded) ** 2
    features = squares.mean(axis=0)
    varying = rows.var(axis=0) > 0
    per_feature = r2_score(rows[:, varying], decoded[:, varying], multioutput="raw_values")
    expected = {
        "mse": squares.mean(),
        **with_error("squared_error", squares.sum(axis=1)),
        "explained_variance": 1 - squares.sum() / ((rows - rows.mean(axis=0)) ** 2).sum(),
        "least_explained_variance": per_feature.min(),
        **with_error("nats", model.nats(rows, decoded)),
        "nats_bits_per_dimension": model.nats(rows, decoded).mean() / 64 / np.log(2),
    }
    worst = [each["index"] for each in figures["worst_features"]]
    if worst != list(np.argsort(-features)[:10]):
        raise CheckFailed(f"the worst features are {worst}, expected {list(np.argsort(-features)[:10])}")
    ours = {str(each["index"]): each["mse"] for each in figures["worst_features"]}
    compare(ours, {str(index): features[index] for index in worst})
    return compare(figures, expected)


def check_small_images(figures, model):
    decoded = 16 * model.decode(model.codes(Digits.test)).reshape(Digits.test.shape)
    pairs = list(zip(16 * Digits.test, decoded))
    psnr = np.array([peak_signal_noise_ratio(*pair, data_range=16) for pair in pairs])
    ssim = np.array([structural_similarity(*pair, data_range=16, win_size=7) for pair in pairs])
    return compare(figures, {**with_error("psnr", psnr), **with_error("ssim", ssim)})


def check_colour_images(program, folder):
    generator = np.random.default_rng(1)
    waves = np.sin(np.arange(20)[:, None, None, None] + np.arange(16)[:, None, None] / 3 + np.arange(14)[:, None] / 5)
    images = 120 + 60 * waves + generator.normal(0, 12, (20, 16, 14, 3))
    images = np.clip(images, 0, 255).astype(np.uint8)
    data, bundle, decoded = (os.path.join(folder, name) for name in ("colour.npy", "colour", "decoded.npy"))
    np.save(data, images)
    program("train-export", "pca", "--data", data, "--latent", "4", "--out", bundle)
    figures = evaluate(program, bundle, data=data)
    program("reconstruct", bundle, "--data", data, "--out", decoded)
    pairs = list(zip(images.astype(np.float64), np.load(decoded).astype(np.float64)))
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": 2}
    ssim = np.array([structural_similarity(*pair, data_range=255, **window) for pair in pairs])
    psnr = np.array([peak_signal_noise_ratio(*pair, data_range=255) for pair in pairs])
    return compare(figures, {**with_error("ssim", ssim), **with_error("psnr", psnr)})


def check_divergence(figures, model):
    mean, log_variance = model.posterior(Digits.test)
    terms = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)
    largest = np.abs(np.array(figures["kl_per_dimension"]) - terms.mean(axis=0)).max()
    if largest > 1e-5:
        raise CheckFailed(f"the divergences of the dimensions differ by {largest:.1e}")
    expected = {**with_error("kl", terms.sum(axis=1)), "active_units": int((mean.var(axis=0) > 0.01).sum())}
    return compare(figures, expected)


def check_information(figures, model):
    """Estimates the mutual information with all rows and other random numbers."""
    mean, log_variance = model.posterior(Digits.test)
    generator, estimates = np.random.default_rng(2), []
    for _ in range(20):
        codes = mean + np.exp(log_variance / 2) * generator.standard_normal(mean.shape)
        squares = (codes[:, None] - mean[None]) ** 2 / np.exp(log_variance)[None]
        densities = -0.5 * (squares + log_variance[None] + np.log(2 * np.pi)).sum(axis=2)
        estimates.append(np.mean(np.diagonal(densities) - logsumexp(densities, axis=1) + np.log(len(mean))))
    information, kl = np.mean(estimates), figures["kl"]
    expected = {"mutual_information": information, "aggregate_kl": kl - information}
    # Both are means over some 10,000 codes.
    tolerance = ERRORS * np.std(estimates, ddof=1) * np.sqrt(1 / 20 + 1 / 45)
    return compare(figures, expected, tolerance=tolerance, relative=False)


def check_likelihood(figures, model):
    """Compares with several estimates, whose spread is the error of one: the delta method is too small for rows whose
    weights a few samples dominate."""
    estimates = [estimated_likelihood(model, seed) for seed in range(REPEATS)]
    for name in ("elbo", "nll"):
        means = [estimate[name].mean() for estimate in estimates]
        tolerance = ERRORS * np.std(means, ddof=1) * np.sqrt(1 + 1 / REPEATS)
        compare(figures, {name: np.mean(means)}, tolerance, relative=False)
    errors = [
        with_error("elbo", estimate["elbo"]) | with_error("nll", estimate["nll"]) | {ROW: estimate[ROW].mean()}
        for estimate in estimates
    ]
    names = [name for name in errors[0] if name.endswith("standard_error")]
    details = compare(figures, {name: np.mean([each[name] for each in errors]) for name in names}, tolerance=0.1)
    bits = {"elbo_bits_per_dimension": -figures["elbo"], "nll_bits_per_dimension": figures["nll"]}
    compare(figures, {name: value / 64 / np.log(2) for name, value in bits.items()})
    return [f"nll {np.mean([each['nll'].mean() for each in estimates]):.4f}, ours {figures['nll']:.4f}"] + details


def estimated_likelihood(model, seed):
    """Returns the ELBO, the negative log-likelihood and its standard error by the delta method for every row."""
    rows = Digits.test_rows
    mean, log_variance = model.posterior(Digits.test)
    generator, weights, likelihoods = np.random.default_rng(seed), [], []
    for _ in range(SAMPLES):
        noise = generator.standard_normal(mean.shape)
        codes = mean + np.exp(log_variance / 2) * noise
        likelihoods.append(-model.nats(rows, model.decode(codes)))
        weights.append(likelihoods[-1] + 0.5 * (noise**2 + log_variance - codes**2).sum(axis=1))
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)
    relative = np.exp(weights - np.max(weights, axis=0))
    return {
        "elbo": np.mean(likelihoods, axis=0) - kl,
        "nll": np.log(SAMPLES) - logsumexp(weights, axis=0),
        ROW: relative.std(axis=0, ddof=1) / relative.mean(axis=0) / np.sqrt(SAMPLES),
    }


def check_classifiers(figures, model):
    train, test = model.codes(Digits.train), model.codes(Digits.test)
    strength = 1 / (figures["probe_weight_decay"] * TRAIN_ROWS)
    linear = LogisticRegression(C=strength, max_iter=10_000, tol=1e-8)
    expected = {}
    for name, model in (("probe", linear), ("knn", KNeighborsClassifier(NEIGHBOURS))):
        pipeline = make_pipeline(StandardScaler(), model).fit(train, Digits.train_labels)
        expected[f"{name}_accuracy"] = pipeline.score(test, Digits.test_labels)
    return compare(figures, expected, tolerance=ACCURACY, relative=False)


def check_samples(program, model, folder, features):
    figures = evaluate(program, model.path, "--features", features)
    path = os.path.join(folder, "samples.npy")
    program("generate", model.path, "--count", str(len(Digits.test)), "--seed", "0", "--out", path)
    generated = np.load(path).astype(np.float64) / 16
    real, made = Digits.test_rows, generated.reshape(len(generated), -1)
    if features == "pca":
        components = PCA(64).fit(Digits.train_rows)
        kept = components.explained_variance_ > 1e-10 * components.explained_variance_[0]
        real, made = (components.transform(rows)[:, kept] for rows in (real, made))
    elif features != "pixels":
        reference = Model(features)
        real, made = reference.codes(Digits.test), reference.codes(generated)
    if figures["feature_dimensions"] != real.shape[1]:
        raise CheckFailed(f"{figures['feature_dimensions']} features, expected {real.shape[1]}")
    distance = frechet_distance(real, made)
    details = compare(figures, {"frechet_distance": distance}, tolerance=1e-4)
    # A distance that is rounded differently may put one sample in or out of a ball.
    tolerance = 2 / len(real)
    return details + compare(figures, neighbourhoods(real, made), tolerance=tolerance, relative=False)


def frechet_distance(real, made):
    covariances = [np.cov(rows, rowvar=False) for rows in (real, made)]
    # The root of a singular matrix is inaccurate; eigenvalues of the product are not.
    eigenvalues = scipy.linalg.eigvals(covariances[0] @ covariances[1]).real
    means = ((real.mean(axis=0) - made.mean(axis=0)) ** 2).sum()
    root = np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    return means + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * root


def neighbourhoods(real, made):
    """Computes precision, recall, density and coverage as the package `prdc` of Naeem et al. does."""

    def distances(one, other):
        return np.sqrt(((one[:, None] - other[None]) ** 2).sum(axis=2))

    def radii(rows):
        return np.sort(distances(rows, rows), axis=1)[:, NEIGHBOURS]

    between, real_radii, made_radii = distances(real, made), radii(real), radii(made)
    return {
        "precision": (between <= real_radii[:, None]).any(axis=0).mean(),
        "recall": (between <= made_radii[None]).any(axis=1).mean(),
        "density": (between <= real_radii[:, None]).sum(axis=0).mean() / NEIGHBOURS,
        "coverage": (between.min(axis=1) <= real_radii).mean(),
    }


def check_classes(program, model, folder):
    figures = evaluate(program, model.path)
    made, labels, ratios = [], [], []
    for label in range(10):
        real = Digits.test_rows[Digits.test_labels == label]
        path = os.path.join(folder, f"class-{label}.npy")
        # Every class has a seed of its own: that of the evaluation plus the label.
        flags = ("--label", str(label), "--count", str(len(real)), "--seed", str(label))
        program("generate", model.path, *flags, "--out", path)
        rows = np.load(path).astype(np.float64).reshape(len(real), -1) / 16
        made.append(rows)
        labels += [label] * len(rows)
        ratios.append((rows.var(axis=0).sum(), real.var(axis=0).sum()))
    variance = np.sum(ratios, axis=0)
    details = compare(figures, {"within_class_variance_ratio": variance[0] / variance[1]}, tolerance=1e-4)
    network = MLPClassifier((256,), alpha=1e-4, early_stopping=False, max_iter=200, random_state=0)
    network = make_pipeline(StandardScaler(), network).fit(Digits.train_rows, Digits.train_labels)
    expected = {
        "class_agreement": network.score(np.concatenate(made), labels),
        "classifier_accuracy": network.score(Digits.test_rows, Digits.test_labels),
    }
    return details + compare(figures, expected, tolerance=NETWORK, relative=False)


if __name__ == "__main__":
    main(sys.argv[1:])
