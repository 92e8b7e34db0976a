"""Runs `narrows detect`."""

import json
import os
import subprocess

import numpy as np

# Fraction of the rows that `detect fit` holds out by default, if that is enough for the level.
CALIBRATION_FRACTION = 0.2


class Detections:
    """Score, p-value and label of every row."""

    def __init__(self, table):
        # The score of a row is empty if it is not finite; such a row is an anomaly.
        self.scores = np.where(np.isnan(table[:, 0]), np.inf, table[:, 0])
        self.p_values = table[:, 1]
        self.are_anomalies = table[:, 2] == 1


class Program:
    """The program `narrows`. Files are written to `folder`; `flags` are further flags of `detect fit`."""

    def __init__(self, narrows, folder, flags=()):
        self.narrows = os.path.abspath(narrows)
        self.folder = folder
        self.flags = list(flags)

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self, name, rows):
        """Writes rows for the program, and returns the path."""
        np.save(self.path(name), rows.astype(np.float32))
        return self.path(name)

    def fit(self, data, *flags, out="bundle"):
        """Trains an autoencoder and fits a detector, and returns the path of the bundle."""
        bundle = self.path(out)
        self.run("detect", "fit", "--data", data, "--out", bundle, *self.flags, *flags)
        return bundle

    def detect(self, bundle, data, *flags):
        """Returns the detections of all rows of a file."""
        out = self.path("detections.npy")
        self.run("detect", "run", bundle, "--data", data, "--out", out, *flags)
        return Detections(np.load(out))

    def calibration_rows(self, bundle):
        """Returns the number of rows that calibrated a detector."""
        with open(os.path.join(bundle, "manifest.json"), encoding="utf-8") as file:
            return json.load(file)["detector"]["calibration_rows"]

    def run(self, *arguments):
        command = [self.narrows, "--quiet", *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"error: `{' '.join(command)}` failed:\n{done.stderr.strip()}")
        return done.stdout


def possible_level(train_rows, least=0.01):
    """Returns a level for which the default fraction of the rows is enough: at least `least`, or twice the smallest
    p-value."""
    calibration_rows = int(CALIBRATION_FRACTION * train_rows)
    return max(least, 2 / (calibration_rows + 1))
