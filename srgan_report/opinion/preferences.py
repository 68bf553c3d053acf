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

from srgan_lib.evaluation.statistics import LEVEL

#: Votes that each method gets for and against every other where one of them always or never won, so that no strength is
#: infinite (Agresti, "Categorical Data Analysis", 2013, section 11.6).
PRIOR = 0.5


@dataclass(frozen=True)
class Strengths:
    """Strengths in log-odds, mean 0.

    Attributes
    ----------
    value, half_these, half_kind : M; half the 95 % intervals' length, as in :mod:`srgan_lib.evaluation.statistics`.
    regularised : whether :data:`PRIOR` was needed.
    """

    value: np.ndarray
    half_these: np.ndarray
    half_kind: np.ndarray
    regularised: bool


def win_matrix(votes: pd.DataFrame, methods: int) -> np.ndarray:
    """Count how often each method (row) was preferred to each other (column).

    Parameters
    ----------
    votes : columns winner and loser, numbers from 0.
    methods : how many there are.
    """
    wins = np.zeros((methods, methods))
    np.add.at(wins, (votes.winner, votes.loser), 1)
    return wins


def bradley_terry(wins: np.ndarray) -> np.ndarray:
    """Estimate strengths by maximum likelihood (Newton's method).

    Parameters
    ----------
    wins : M×M, see :func:`win_matrix`. Every method must be reachable from every other through wins; see
        :func:`comparable`.

    Returns
    -------
    M strengths in log-odds, mean 0.
    """
    strength = np.zeros(len(wins))
    meetings = wins + wins.T
    for _ in range(100):
        chance = expit(strength[:, None] - strength[None, :])
        gradient = (wins - meetings * chance).sum(1)
        curvature = meetings * chance * (1 - chance)
        hessian = np.diag(curvature.sum(1)) - curvature
        step = np.linalg.pinv(hessian, hermitian=True) @ gradient
        # Far from the maximum a whole step may overshoot; half a unit of log-odds never does harm.
        strength += step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-12:
            break
    return strength - strength.mean()


def comparable(wins: np.ndarray) -> bool:
    """Tell whether the maximum exists: no group of methods that always won against all others (Ford 1957)."""
    return connected_components(wins > 0, directed=True, connection="strong")[0] == 1


def strengths_with_intervals(votes: pd.DataFrame, methods: int) -> Strengths:
    """Estimate strengths with intervals for these images (raters drawn) and images of this kind (both drawn).

    The variance is the sandwich H⁻¹ B H⁻¹ with the votes' gradients summed by rater, by image, or both.

    Parameters
    ----------
    votes : columns winner, loser, rater and image, numbers from 0.
    methods : how many there are.
    """
    winners, losers, raters, images = votes[["winner", "loser", "rater", "image"]].to_numpy().T
    wins = win_matrix(votes, methods)
    regularised = not comparable(wins)
    if regularised:
        wins = wins + PRIOR * (1 - np.eye(methods))
    value = bradley_terry(wins)
    chance = expit(value[winners] - value[losers])
    meetings, all_chances = wins + wins.T, expit(value[:, None] - value[None, :])
    curvature = meetings * all_chances * (1 - all_chances)
    inverse = np.linalg.pinv(np.diag(curvature.sum(1)) - curvature, hermitian=True)
    gradient = np.zeros((len(winners), methods))
    rows = np.arange(len(winners))
    gradient[rows, winners] = 1 - chance
    gradient[rows, losers] = chance - 1
    by_rater, by_image, by_both = (
        _variance(gradient, groups, inverse) for groups in (raters, images, raters * (images.max() + 1) + images)
    )
    both = np.maximum(by_rater + by_image - by_both, np.maximum(by_rater, by_image))
    return Strengths(
        value, _half(by_rater, _distinct(raters)), _half(both, min(map(_distinct, (raters, images)))), regularised
    )


def rater_agreement(votes: pd.DataFrame, methods: int) -> dict[int, float]:
    """Compute for each rater the share of votes that the other raters' strengths would have given, and its p-value.

    Parameters
    ----------
    votes : columns winner, loser and rater, numbers from 0.

    Returns
    -------
    By rater, the one-sided p-value that the votes were drawn by chance; a rater above .05 cannot be told from a coin.
    """
    found = {}
    for rater, own in votes.groupby("rater"):
        others = votes[votes.rater != rater]
        if others.empty:
            continue
        value = bradley_terry(win_matrix(others, methods) + PRIOR * (1 - np.eye(methods)))
        agreed = int((value[own.winner] > value[own.loser]).sum())
        found[rater] = float(stats.binomtest(agreed, len(own), 0.5, alternative="greater").pvalue)
    return found


def _half(variance: np.ndarray, groups: int) -> np.ndarray:
    """Compute half the length of intervals from variances that so many groups gave."""
    if groups < 2:
        return np.full(len(variance), np.nan)
    return stats.t.ppf(0.5 + LEVEL / 2, groups - 1) * np.sqrt(variance)


def _distinct(numbers: np.ndarray) -> int:
    return len(np.unique(numbers))


def _variance(gradient: np.ndarray, groups: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Compute the diagonal of the sandwich with gradients summed within groups."""
    labels, place = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(labels), gradient.shape[1]))
    np.add.at(sums, place, gradient)
    count = len(labels)
    factor = count / (count - 1) if count > 1 else np.nan
    return np.einsum("ij,jk,ki->i", inverse, sums.T @ sums, inverse) * factor
