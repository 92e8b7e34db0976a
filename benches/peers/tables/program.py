"""Runs `narrows` on tables."""

import json
import os
import subprocess

import numpy as np
import pandas as pd


class Program:
    """The program `narrows`. Files are written to `folder`."""

    def __init__(self, narrows, folder):
        self.narrows = os.path.abspath(narrows)
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def save(self, name, table):
        """Writes a table as .csv, and returns the path."""
        table.to_csv(self.path(name), index=False)
        return self.path(name)

    def train(self, kind, data, *flags, out="bundle"):
        """Trains a model and returns the path of the bundle."""
        bundle = self.path(out)
        self.run("train-export", kind, "--data", data, "--out", bundle, *flags)
        return bundle

    def codes(self, bundle, data):
        self.run("encode", bundle, "--data", data, "--out", self.path("codes.npy"))
        return np.load(self.path("codes.npy"))

    def errors(self, bundle, data):
        """Returns the reconstruction error or negative log-likelihood of every row."""
        self.run("score", bundle, "--data", data, "--by", "reconstruction", "--out", self.path("scores.npy"))
        return np.load(self.path("scores.npy")).reshape(-1)

    def imputed(self, bundle, data, *flags):
        """Returns the table with its gaps filled."""
        self.run("impute", bundle, "--data", data, "--out", self.path("imputed.csv"), *flags)
        return pd.read_csv(self.path("imputed.csv"), keep_default_na=False)

    def run(self, *arguments):
        command = [self.narrows, "--quiet", *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"error: `{' '.join(command)}` failed:\n{done.stderr.strip()}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json"))
