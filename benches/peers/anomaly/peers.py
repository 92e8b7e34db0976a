"""The compared detectors. Each fits the training rows, and returns the anomaly scores of the test rows, with times."""

import resource
import time
import warnings

import numpy as np
from sklearn.neighbors import NearestNeighbors

from program import possible_level


class Times:
    """Wall and processor seconds of a part of the work, with all threads and child processes."""

    def __enter__(self):
        self.start = (time.perf_counter(), processor_seconds())
        return self

    def __exit__(self, *_):
        wall, processor = self.start
        self.wall, self.processor = time.perf_counter() - wall, processor_seconds() - processor


def processor_seconds():
    """Returns the processor time of this process and of its child processes that have ended."""
    each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in each)


class Narrows:
    """`narrows detect fit` and `run`: two runs of the program, with reading and writing files, the export and the check
    in ONNX Runtime. It gets the rows in their own unit, and standardises them itself."""

    name = "narrows"

    def __init__(self, program):
        self.program = program

    def run(self, split, seed):
        train, test = self.program.save("train.npy", split.train), self.program.save("test.npy", split.test)
        level = possible_level(len(split.train))
        with Times() as fit:
            bundle = self.program.fit(train, "--seed", seed, "--false-alarms", level)
        with Times() as score:
            scores = self.program.detect(bundle, test).scores
        return scores, fit, score


class PyOD:
    """A detector of PyOD with its defaults, on standardised rows. The time to import PyTorch is not counted."""

    def __init__(self, name, kind):
        self.name, self.kind = name, kind

    def run(self, split, seed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Times() as fit:
                detector = self.kind(random_state=seed, verbose=0).fit(split.scaled_train)
            with Times() as score:
                scores = detector.decision_function(split.scaled_test)
        return scores, fit, score


class Neighbours:
    """Mean distance to the five nearest training rows, on standardised rows (scikit-learn)."""

    name = "5-NN"

    def run(self, split, _seed):
        with Times() as fit:
            neighbours = NearestNeighbors(n_neighbors=5).fit(split.scaled_train)
        with Times() as score:
            scores = neighbours.kneighbors(split.scaled_test)[0].mean(axis=1)
        return scores, fit, score


def lineup(program):
    """Returns all detectors; importing PyOD takes seconds."""
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.models.vae import VAE

    return [Narrows(program), PyOD("PyOD AE", AutoEncoder), PyOD("PyOD VAE", VAE), Neighbours()]


def finite(scores):
    """Replaces scores that are not finite by the largest ones."""
    scores = np.asarray(scores, dtype=np.float64)
    return np.nan_to_num(scores, nan=np.inf, posinf=np.finfo(float).max / 2, neginf=-np.finfo(float).max / 2)
