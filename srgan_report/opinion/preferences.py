"""Pair comparisons: strengths of methods by the model of Bradley and Terry, with intervals for raters and images.

The probability that method i is preferred to j is 1 / (1 + exp(s_j − s_i)). Ties are not offered.

References
----------
R. A. Bradley, M. E. Terry, "Rank Analysis of Incomplete Block Designs", Biometrika 39, 1952.
A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust Inference With Multiway Clustering", JBES 29, 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from srgan_lib.evaluation.statistics import student_quantile

#: Votes that each method gets for and against every other where one of them always or never won, so that no strength is
#: infinite (Agresti, "Categorical Data Analysis", 2013, section 11.6).
PRIOR = 0.5


@dataclass(frozen=True)
class Strengths:
    """Strengths of M methods in log-odds, mean 0."""

    value: np.ndarray
    half_these: np.ndarray  #: half the 95 % interval's length for these images, and below for images of the kind
    half_kind: np.ndarray
    regularised: bool  #: whether :data:`PRIOR` was needed


def win_matrix(votes: pd.DataFrame, methods: int, prior: float = 0.0) -> np.ndarray:
    """Count how often each method (row) was preferred to each other (column), and add ``prior`` to each.

    ``votes`` has columns winner and loser, numbers from 0, of so many methods.
    """
    wins = prior * (1 - np.eye(methods))
    np.add.at(wins, (votes.winner, votes.loser), 1)
    return wins


def bradley_terry(wins: np.ndarray) -> np.ndarray:
    """Estimate strengths in log-odds, mean 0, by maximum likelihood (Newton's method).

    Every method must be reachable from every other through wins (M×M, see :func:`win_matrix`): :func:`comparable`.
    """
    strength = np.zeros(len(wins))
    for _ in range(100):
        gradient, inverse = _derivatives(wins, strength)
        step = inverse @ gradient
        # Far from the maximum a whole step may overshoot; half a unit of log-odds never does harm.
        strength += step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-12:
            break
    return strength - strength.mean()


def _derivatives(wins: np.ndarray, strength: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the gradient of the log-likelihood and the inverse of its negative Hessian."""
    meetings, chance = wins + wins.T, expit(strength[:, None] - strength[None, :])
    curvature = meetings * chance * (1 - chance)
    return (wins - meetings * chance).sum(1), np.linalg.pinv(np.diag(curvature.sum(1)) - curvature, hermitian=True)


def comparable(wins: np.ndarray) -> bool:
    """Tell whether the maximum exists: no group of methods that always won against all others (Ford 1957)."""
    return connected_components(wins > 0, directed=True, connection="strong")[0] == 1


def strengths_with_intervals(votes: pd.DataFrame, methods: int) -> Strengths:
    """Estimate strengths with intervals for these images (raters drawn) and images of this kind (both drawn).

    The variance is the sandwich H⁻¹ B H⁻¹ with the votes' gradients summed by rater, by image, or both. ``votes`` has
    columns winner, loser, rater and image, numbers from 0.
    """
    winners, losers, raters, images = votes[["winner", "loser", "rater", "image"]].to_numpy().T
    wins = win_matrix(votes, methods)
    regularised = not comparable(wins)
    if regularised:
        wins = win_matrix(votes, methods, PRIOR)
    value = bradley_terry(wins)
    _, inverse = _derivatives(wins, value)
    chance = expit(value[winners] - value[losers])
    gradient = np.zeros((len(winners), methods))
    rows = np.arange(len(winners))
    gradient[rows, winners] = 1 - chance
    gradient[rows, losers] = chance - 1
    by_rater, by_image, by_both = (
        _variance(gradient, groups, inverse) for groups in (raters, images, raters * (images.max() + 1) + images)
    )
    both = np.maximum(by_rater + by_image - by_both, np.maximum(by_rater, by_image))
    counts = [len(np.unique(groups)) for groups in (raters, images)]
    return Strengths(value, _half(by_rater, counts[0]), _half(both, min(counts)), regularised)


def _variance(gradient: np.ndarray, groups: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Compute the diagonal of the sandwich with gradients summed within groups; NaN of a single one."""
    labels, place = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(labels), gradient.shape[1]))
    np.add.at(sums, place, gradient)
    factor = len(labels) / (len(labels) - 1) if len(labels) > 1 else np.nan
    return np.einsum("ij,jk,ki->i", inverse, sums.T @ sums, inverse) * factor


def _half(variance: np.ndarray, groups: int) -> np.ndarray:
    """Compute half the length of intervals from variances that so many groups gave."""
    if groups < 2:
        return np.full(len(variance), np.nan)
    return student_quantile(groups - 1) * np.sqrt(np.maximum(variance, 0))  # rounded, it may be below


def rater_agreement(votes: pd.DataFrame, methods: int) -> dict[int, float]:
    """Compare each rater's votes with those that the other raters' strengths would have given.

    Returns
    -------
    By rater, the one-sided p-value that the votes were drawn by chance; a rater above .05 cannot be told from a coin.
    """
    found = {}
    for rater, own in votes.groupby("rater"):
        others = votes[votes.rater != rater]
        if len(others):
            value = bradley_terry(win_matrix(others, methods, PRIOR))
            agreed = int((value[own.winner] > value[own.loser]).sum())
            found[rater] = float(stats.binomtest(agreed, len(own), 0.5, alternative="greater").pvalue)
    return found
