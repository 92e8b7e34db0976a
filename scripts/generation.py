"""Checks the figures of the generation commands with NumPy and SciPy.

    python generation.py NARROWS ZOO FOLDER

NARROWS is the program, ZOO the folder of models of the embedded digits, and FOLDER the output folder. The commands
`interpolate`, `traverse`, `manifold`, `generate` and `denoise` are repeated with codes computed here, which
`narrows decode` decodes.
"""

import functools
import json
import os
import shutil
import subprocess
import sys

import numpy as np
from scipy.stats import norm

from checks import CheckFailed, run_checks

# Tolerance of samples, which range from 0 to 16: codes here and there differ by the rounding of 32-bit floats.
SAMPLE = 1e-3
# Tolerance of codes that are written with the precision of 32-bit floats.
CODE = 1e-5
# Tolerance of a PSNR in dB: errors here are those of samples as 32-bit floats.
DECIBEL = 1e-3


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    narrows, zoo, folder = arguments
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    program = Program(narrows, zoo, folder)
    cases = [(f"slerp of {kind}", functools.partial(check_slerp, program, kind)) for kind in ("ae", "vae")]
    cases += [
        ("path between classes", functools.partial(check_classes, program)),
        ("quantile grid of vae", functools.partial(check_grid, program)),
        ("quantile grid of pca", functools.partial(check_data_grid, program)),
        ("traversal of ae", functools.partial(check_traversal, program)),
        ("truncated prior", functools.partial(check_truncation, program)),
        ("psnr of dae", functools.partial(check_psnr, program)),
    ]
    run_checks("generation checks", cases)


class Program:
    """The program with a folder for its files."""

    def __init__(self, narrows, zoo, folder):
        self.narrows = narrows
        self.zoo = zoo
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, verb, kind, *arguments):
        command = [self.narrows, "--quiet", verb, os.path.join(self.zoo, kind), *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout

    def array(self, verb, kind, *arguments):
        out = self.path("out.npy")
        self.run(verb, kind, *arguments, "--out", out)
        return np.load(out)

    def table(self, verb, kind, *arguments):
        out = self.path("out.csv")
        self.run(verb, kind, *arguments, "--out", out)
        return np.genfromtxt(out, delimiter=",", names=True)

    def decode(self, kind, codes, *arguments):
        np.save(self.path("codes.npy"), codes.astype(np.float32))
        return self.array("decode", kind, "--codes", self.path("codes.npy"), *arguments)


def compare(what, found, expected, tolerance):
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape:
        raise CheckFailed(f"{what} have the shape {found.shape}, expected {expected.shape}")
    difference = float(np.abs(found - expected).max())
    if not difference <= tolerance:
        raise CheckFailed(f"{what} differ by {difference:.1e}, at most {tolerance} is allowed")
    return f"{what} differ by {difference:.1e}"


def slerp(start, end, t):
    """Shoemake's formula for the directions, with norms that change linearly."""
    start, end = start.astype(np.float64), end.astype(np.float64)
    norms = np.linalg.norm(start), np.linalg.norm(end)
    one, other = start / norms[0], end / norms[1]
    angle = np.arccos(np.clip(one @ other, -1, 1))
    direction = (np.sin((1 - t) * angle) * one + np.sin(t * angle) * other) / np.sin(angle)
    return ((1 - t) * norms[0] + t * norms[1]) * direction


def check_slerp(program, kind):
    codes = program.array("encode", kind, "--data", "digits")
    fractions = np.linspace(0, 1, 7)
    expected = program.decode(kind, np.stack([slerp(codes[5], codes[42], t) for t in fractions]))
    walk = ("--data", "digits", "--from", "5", "--to", "42", "--steps", "7", "--path", "spherical")
    found = program.array("interpolate", kind, *walk)
    columns = program.table("interpolate", kind, *walk)
    return [
        compare("samples", found, expected, SAMPLE),
        compare("fractions", columns["t"], fractions, CODE),
        compare("cells", np.stack([columns[f"x{index}"] for index in range(64)], 1), found.reshape(7, 64), CODE),
    ]


def check_classes(program):
    walk = program.array("interpolate", "cvae", "--from-class", "3", "--to-class", "8", "--steps", "9", "--seed", "5")
    ends = [program.array("generate", "cvae", "--label", label, "--count", "1", "--seed", "5")[0] for label in "38"]
    steps = np.abs(np.diff(walk, axis=0)).max(axis=(1, 2))
    if not np.all(steps > 0):
        raise CheckFailed(f"a step does not change the sample: {steps}")
    return [compare("ends", walk[[0, -1]], np.stack(ends), SAMPLE)]


def grid_codes(latent, across, down, columns, rows, mean, deviation):
    """Returns the codes of a grid, row by row."""
    codes = np.tile(np.asarray(mean, np.float64), (rows * columns, 1))
    quantiles = [norm.ppf((np.arange(count) + 0.5) / count) for count in (columns, rows)]
    codes[:, across] = mean[across] + deviation[across] * np.tile(quantiles[0], rows)
    codes[:, down] = mean[down] + deviation[down] * np.repeat(quantiles[1], columns)
    return codes


def check_map(program, kind, mean, deviation, *arguments):
    codes = grid_codes(len(mean), 3, 1, 6, 5, mean, deviation)
    options = ("--dimensions", "3,1", "--grid", "6x5", *arguments)
    columns = program.table("manifold", kind, *options)
    scale = max(1, np.abs(codes).max())
    return [
        compare("values across", columns["z3"] / scale, codes[:, 3] / scale, CODE),
        compare("values down", columns["z1"] / scale, codes[:, 1] / scale, CODE),
        compare("samples", program.array("manifold", kind, *options), program.decode(kind, codes), SAMPLE),
    ]


def check_grid(program):
    return check_map(program, "vae", np.zeros(8), np.ones(8))


def check_data_grid(program):
    codes = program.array("encode", "pca", "--data", "digits").astype(np.float64)
    return check_map(program, "pca", codes.mean(0), codes.std(0), "--data", "digits")


def check_traversal(program):
    codes = program.array("encode", "ae", "--data", "digits").astype(np.float64)
    values = codes.mean(0)[2] + codes.std(0)[2] * np.linspace(-2, 2, 5)
    expected = np.tile(codes[9], (5, 1))
    expected[:, 2] = values
    options = ("--data", "digits", "--row", "9", "--dimensions", "2", "--range", "2", "--steps", "5")
    columns = program.table("traverse", "ae", *options)
    scale = max(1, np.abs(values).max())
    return [
        compare("values", columns["value"] / scale, values / scale, CODE),
        compare("samples", program.array("traverse", "ae", *options), program.decode("ae", expected), SAMPLE),
    ]


def check_truncation(program):
    """Counts the samples that a truncation leaves alone: those whose 8 latent dimensions are all within it."""
    count, limit = 20_000, 1.2
    options = ("--count", str(count), "--temperature", "0.7")
    plain = program.array("generate", "wae", *options).reshape(count, -1)
    truncated = program.array("generate", "wae", *options, "--truncate", str(limit)).reshape(count, -1)
    # Equal codes give equal samples up to rounding, and other codes differ in a whole latent dimension.
    share = float((np.abs(plain - truncated).max(axis=1) < SAMPLE).mean())
    expected = (norm.cdf(limit) - norm.cdf(-limit)) ** 8
    deviations = abs(share - expected) / np.sqrt(expected * (1 - expected) / count)
    if deviations > 4:
        raise CheckFailed(f"a share of {share:.4f} is unchanged, expected {expected:.4f}")
    return [f"share of unchanged samples {share:.4f}, expected {expected:.4f}"]


def check_psnr(program):
    clean = program.array("decode", "pca", "--codes", zero_codes(program))
    random = np.random.default_rng(0)
    clean = np.clip(clean + random.normal(0, 3, clean.shape), 0, 16).astype(np.float32)
    noisy = (clean + random.normal(0, 2, clean.shape)).astype(np.float32)
    np.save(program.path("clean.npy"), clean)
    np.save(program.path("noisy.npy"), noisy)
    options = ("--data", program.path("noisy.npy"), "--clean", program.path("clean.npy"))
    denoised = program.array("denoise", "dae", *options)
    report = json.loads(program.run("denoise", "dae", *options, "--out", program.path("out.npy"), "--json"))
    details = []
    for when, samples in (("before", noisy), ("after", denoised)):
        errors = ((samples.astype(np.float64) - clean) ** 2).mean(axis=(1, 2))
        # As `skimage.metrics.peak_signal_noise_ratio(clean, samples, data_range=16)` of each image.
        expected = (10 * np.log10(16**2 / errors)).mean()
        details.append(compare(f"PSNR {when}", report["psnr"][when]["mean"], expected, DECIBEL))
        details.append(compare(f"MSE {when}", report["mse"][when], errors.mean(), DECIBEL))
    return details


def zero_codes(program):
    np.save(program.path("zeros.npy"), np.zeros((200, 8), np.float32))
    return program.path("zeros.npy")


if __name__ == "__main__":
    main(sys.argv[1:])
