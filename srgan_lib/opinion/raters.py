"""Raters: their bias and inconsistency, how reliable they are, and which of them did not look.

References
----------
- ITU-T P.910 (10/2023), Annex E; Z. Li, C. G. Bampis, L. Krasula, L. Janowski, I. Katsavounidis, "A Simple Model for
  Subject Behavior in Subjective Experiments", Electronic Imaging 2020: maximum likelihood by alternating projection.
- ITU-R BT.500-14 (10/2019), Annex 1, section 2.3: screening by kurtosis and counts of outlying votes.
- ITU-T P.913 (06/2021), section 11.4: screening by correlation with the other raters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: P.913: a rater whose votes correlate less than this with the others', image by image and method by method, is screened.
BY_IMAGE, BY_METHOD = 0.75, 0.80
#: BT.500: share of outlying votes, and how evenly they lie on both sides, from which a rater is screened.
OUTLYING, ONE_SIDED = 0.05, 0.3
STEPS, TOLERANCE = 1000, 1e-8


@dataclass(frozen=True)
class RaterModel:
    """Votes explained as quality + bias of the rater + noise of the rater's own strength.

    Attributes
    ----------
    quality, quality_error : I×M, recovered quality of each image by each method, and its standard error.
    bias : R, mean 0; positive for a generous rater.
    inconsistency : R, standard deviation of a rater's noise.
    """

    quality: np.ndarray
    quality_error: np.ndarray
    bias: np.ndarray
    inconsistency: np.ndarray


def fit_raters(votes: np.ndarray) -> RaterModel:
    """Estimate quality, bias and inconsistency by maximum likelihood (P.910, Annex E).

    Each rater's votes count by the inverse square of the rater's inconsistency. With few raters the likelihood may have no
    maximum: quality follows the most consistent rater, whose inconsistency goes to 0. Mean opinion scores are therefore
    plain means, and these figures stand beside them.

    Parameters
    ----------
    votes : R×I×M, NaN where there is none.
    """
    table = votes.reshape(len(votes), -1)
    known = np.isfinite(table)
    filled = np.where(known, table, 0.0)
    per_rater, per_image = np.maximum(known.sum(1), 1), np.maximum(known.sum(0), 1)
    quality = filled.sum(0) / per_image
    bias = ((filled - quality) * known).sum(1) / per_rater
    for _ in range(STEPS):
        before = quality
        inconsistency = _spread(filled - quality - bias[:, None], known)
        weights = known / (inconsistency[:, None] ** 2 + TOLERANCE)
        quality = (weights * (filled - bias[:, None])).sum(0) / np.maximum(weights.sum(0), 1e-300)
        bias = ((filled - quality) * known).sum(1) / per_rater
        if np.linalg.norm(quality - before) < TOLERANCE:
            break
    inconsistency = _spread(filled - quality - bias[:, None], known)
    information = (known / (inconsistency[:, None] ** 2 + TOLERANCE)).sum(0)
    seen = known.any(0)
    error = np.where(seen, 1 / np.sqrt(np.maximum(information, 1e-300)), np.nan)
    quality = np.where(seen, quality + bias.mean(), np.nan)
    shape = votes.shape[1:]
    return RaterModel(quality.reshape(shape), error.reshape(shape), bias - bias.mean(), inconsistency)


def outlying_votes(votes: np.ndarray) -> np.ndarray:
    """Compute what BT.500 screens by.

    A vote is outlying beyond two standard deviations of its image's votes where they look normal (kurtosis 2 to 4), else
    beyond √20.

    Returns
    -------
    R×2: the share of a rater's votes that are outlying, and how one-sided they are (0 evenly on both sides, 1 all on one
    side or none at all).
    """
    table = votes.reshape(len(votes), -1)
    known = np.isfinite(table)
    count = np.maximum(known.sum(0), 1)
    centred = np.where(known, table - np.where(known, table, 0).sum(0) / count, 0.0)
    second, fourth = ((centred**power).sum(0) / count for power in (2, 4))
    kurtosis = fourth / np.maximum(second**2, 1e-300)
    limit = np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, np.sqrt(20)) * np.sqrt(second)
    above, below = ((side & known & (second > 0)).sum(1) for side in (centred >= limit, centred <= -limit))
    share = (above + below) / np.maximum(known.sum(1), 1)
    one_sided = np.where(above + below, np.abs(above - below) / np.maximum(above + below, 1), 1.0)
    return np.stack([share, one_sided], axis=1)


def correlations(votes: np.ndarray) -> np.ndarray:
    """Correlate each rater with the mean of the others (P.913): over all images, and over the means of methods.

    Returns
    -------
    R×2: Pearson's r; 0 for a rater whose votes are all equal, NaN with no other rater on the same images.
    """
    result = np.full((len(votes), 2), np.nan)
    known = np.isfinite(votes)
    count, total = known.sum(0), np.where(known, votes, 0).sum(0)
    for rater, own in enumerate(votes):
        others = count - known[rater]
        both = known[rater] & (others > 0)
        if not both.any():
            continue
        rest = (total - np.where(known[rater], own, 0)) / np.maximum(others, 1)
        result[rater, 0] = _pearson(own[both], rest[both])
        methods = both.any(0)
        means = [np.array([values[seen].mean() for values, seen in zip(table.T, both.T, strict=True) if seen.any()])
                 for table in (own, rest)]  # fmt: skip
        result[rater, 1] = _pearson(*means) if methods.sum() > 2 else result[rater, 0]
    return result


def screened(votes: np.ndarray) -> dict[int, str]:
    """Find raters who did not look, each with the reason: they vote all the same, or unlike the others (P.913).

    Raters are judged in one pass against all others. BT.500's rule is computed beside it (:func:`outlying_votes`) and not
    applied: it was made for raters who are wrong now and then, and misses those who vote by chance.
    """
    reasons = {}
    for rater, (own, (by_image, by_method)) in enumerate(zip(votes, correlations(votes), strict=True)):
        given = own[np.isfinite(own)]
        if len(given) > 2 and np.ptp(given) == 0:
            reasons[rater] = f"gave {given[0]:g} to every image"
        elif by_image < BY_IMAGE and by_method < BY_METHOD:
            reasons[rater] = (
                f"votes unlike the others: correlation {by_image:.2f} over images and {by_method:.2f} over methods "
                f"(P.913 asks for {BY_IMAGE} or {BY_METHOD})"
            )
    return reasons


def _spread(residual: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Compute each rater's standard deviation of residuals."""
    count = np.maximum(known.sum(1), 1)
    residual = residual * known
    centred = (residual - (residual.sum(1) / count)[:, None]) * known
    return np.sqrt((centred**2).sum(1) / count)


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < 2 or not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
