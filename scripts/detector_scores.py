"""Anomaly scores in NumPy, SciPy and scikit-learn, from the outputs of a bundle's encoder and decoder.

Every function gets the fitted rows and the rows to score, both as `Rows`, and returns one score for each row. The
definitions are in the guide; constants that users cannot set are repeated here.
"""

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.covariance import oas
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 5  # the default of `--neighbours`
SPREAD_NEIGHBOURS, BANDWIDTH, ADAPTATION, SMALLEST_SPREAD = 10, 0.4, 0.25, 0.05
ERROR_WEIGHT, SMALLEST = 0.2, 0.01
# Smallest eigenvalue of the covariance of residuals, relative to the mean one and to the variance of the samples.
FLOOR, ROUNDING = 1e-6, 1e-8


class Rows:
    """Samples, reconstructions `[rows, features]` and codes `[rows, latent]`, all in scaled units."""

    def __init__(self, samples, reconstructions, codes):
        self.samples, self.codes = samples, codes
        self.residuals = samples - reconstructions


def reconstruction(_fitted, rows):
    """Squared error."""
    return (rows.residuals**2).sum(axis=1)


def whitened(fitted, rows):
    """Squared Mahalanobis distance of the residual, with the shrinkage of Chen et al. (2010)."""
    mean = fitted.residuals.mean(axis=0)
    covariance, _ = oas(fitted.residuals - mean, assume_centered=True)
    values, vectors = np.linalg.eigh(covariance)
    floor = max(FLOOR * values.mean(), ROUNDING * fitted.samples.var(axis=0).mean())
    projected = (rows.residuals - mean) @ vectors
    return (projected**2 / np.maximum(values, floor)).sum(axis=1)


def neighbours(fitted, rows):
    """Mean distance to the nearest codes, each dimension divided by its standard deviation."""
    deviation = fitted.codes.std(axis=0)
    nearest = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(fitted.codes / deviation)
    return nearest.kneighbors(rows.codes / deviation)[0].mean(axis=1)


def combined(fitted, rows):
    """Logarithm of a smooth distance to the fitted rows, plus that of the whitened error per feature."""
    deviation = fitted.samples.std(axis=0)
    deviation[deviation == 0] = 1
    stored = fitted.samples / deviation
    between = np.sort(cdist(stored, stored), axis=1)
    spread = between[:, 1 : SPREAD_NEIGHBOURS + 1].mean(axis=1)
    typical = np.sort(spread)[len(spread) // 2]
    bandwidth = BANDWIDTH * np.maximum(spread, SMALLEST_SPREAD * typical) ** ADAPTATION * typical ** (1 - ADAPTATION)
    exponents = -cdist(rows.samples / deviation, stored, "sqeuclidean") / (2 * bandwidth**2)
    distance = np.maximum(np.log(len(stored)) - logsumexp(exponents, axis=1), 0)
    error = whitened(fitted, rows) / rows.samples.shape[1]
    return np.log(distance + SMALLEST) + ERROR_WEIGHT * np.log(error + SMALLEST)


SCORES = {function.__name__: function for function in (reconstruction, whitened, neighbours, combined)}
