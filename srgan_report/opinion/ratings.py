"""Mean opinion scores with intervals for both things that a study draws, and what raters are like.

Votes are an array of R raters × I images × M methods, 1 ("bad") to 5 ("excellent"), NaN where a rater did not see an
image. Of each mean there are two intervals, since there are two questions:

- *these images*: where would the mean lie with other raters? Only raters are drawn.
- *images of this kind*: where with other raters and other images? Both are drawn, crossed with each other.

The second is the longer one. A claim about methods needs it; a claim about these pictures needs the first.

References
----------
- ITU-T P.910 (10/2023), Annex E; Z. Li, C. G. Bampis, L. Krasula, L. Janowski, I. Katsavounidis, "A Simple Model for
  Subject Behavior in Subjective Experiments", Electronic Imaging 2020: maximum likelihood by alternating projection.
- ITU-T P.913 (06/2021), section 11.4: correlation with the other raters.
- K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from srgan_lib.evaluation.statistics import CrossedMean, crossed_mean, student_quantile

SCALE = ("bad", "poor", "fair", "good", "excellent")  #: ITU-T P.910 (10/2023), section 8.1: the labels of 1 to 5
GRADES = np.arange(1, 6)
MOST = 10_000  #: raters beyond whom a difference needs more images rather than more raters
STEPS, TOLERANCE = 1000, 1e-8  #: of fitting raters


def method_means(votes: np.ndarray) -> list[CrossedMean]:
    """Compute each method's mean opinion score; ``votes`` is R×I×M."""
    return [crossed_mean(votes[:, :, method]) for method in range(votes.shape[2])]


def difference(votes: np.ndarray, first: int, second: int) -> CrossedMean:
    """Compute the mean difference of two methods, each rater compared with themselves on the same image."""
    return crossed_mean(votes[:, :, first] - votes[:, :, second])


def raters_needed(found: CrossedMean, wanted: float, images: int) -> int | None:
    """Count the raters with whom a difference of size ``wanted`` would lie outside its interval for images of the kind.

    The variance components of the difference that was found are taken as true. None: with so many images no number of
    raters is enough (or none up to :data:`MOST`).
    """
    if not np.isfinite(found.rest_variance) or not wanted:
        return None

    def enough(raters: int) -> bool:
        return found.standard_error(raters, images) * student_quantile(min(raters, images) - 1) <= abs(wanted)

    # The interval shortens with every rater; one rater gives none.
    return bisect_left(range(MOST), True, lo=2, key=enough) if enough(MOST) else None


def krippendorff_alpha(votes: np.ndarray) -> float:
    """Compute Krippendorff's alpha of votes on an ordinal scale: 1 all agree, 0 as by chance.

    It is NaN where no image has two votes, and 1 where all votes are equal, and there is nothing to disagree on.
    """
    counts = (votes.reshape(len(votes), -1, 1) == GRADES).sum(0).astype(float)  # images × grades
    counts = counts[counts.sum(1) >= 2]
    if not len(counts):
        return float("nan")
    pairs = counts.sum(1)[:, None, None] - 1
    together = ((counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(GRADES))) / pairs).sum(0)
    margin = together.sum(1)
    expected = (np.outer(margin, margin) - np.diag(margin)) / (margin.sum() - 1)
    middle = np.cumsum(margin) - margin / 2
    distance = (middle[:, None] - middle[None, :]) ** 2
    disagreement = (expected * distance).sum()
    return float(1 - (together * distance).sum() / disagreement) if disagreement else 1.0


@dataclass(frozen=True)
class RaterModel:
    """Votes explained as quality + bias of the rater + noise of the rater's own strength."""

    quality: np.ndarray  #: I×M, recovered quality of each image by each method
    bias: np.ndarray  #: R, mean 0; positive for a generous rater
    inconsistency: np.ndarray  #: R, standard deviation of a rater's noise


def fit_raters(votes: np.ndarray) -> RaterModel:
    """Estimate quality, bias and inconsistency from R×I×M votes by maximum likelihood (P.910, Annex E).

    Each rater's votes count by the inverse square of the rater's inconsistency. With few raters the likelihood may have
    no maximum: quality follows the most consistent rater, whose inconsistency goes to 0. Mean opinion scores are
    therefore plain means, and these figures stand beside them.
    """
    table = np.ma.masked_invalid(votes.reshape(len(votes), -1))
    quality = table.mean(0)
    bias = (table - quality).mean(1)
    for _ in range(STEPS):
        before = quality
        inconsistency = (table - quality - bias[:, None]).std(1)
        weights = np.broadcast_to(1 / (inconsistency[:, None] ** 2 + TOLERANCE), table.shape)
        quality = np.ma.average(table - bias[:, None], axis=0, weights=weights)
        bias = (table - quality).mean(1)
        if np.linalg.norm(quality - before) < TOLERANCE:
            break
    inconsistency = (table - quality - bias[:, None]).std(1)
    recovered = (quality + bias.mean()).filled(np.nan).reshape(votes.shape[1:])
    return RaterModel(recovered, (bias - bias.mean()).filled(np.nan), inconsistency.filled(np.nan))


def correlations(votes: np.ndarray) -> np.ndarray:
    """Correlate each rater with the mean of the others (P.913): over all images, and over the means of methods.

    R×2 of Pearson's r: 0 for a rater whose votes are all equal, NaN with no other rater on the same images.
    """
    result = np.full((len(votes), 2), np.nan)
    known = np.isfinite(votes)
    for rater, own in enumerate(votes):
        rest = np.ma.masked_invalid(np.delete(votes, rater, axis=0)).mean(0).filled(np.nan)
        both = known[rater] & np.isfinite(rest)
        if not both.any():
            continue
        result[rater, 0] = _pearson(own[both], rest[both])
        methods = both.any(0)
        means = (np.nanmean(np.where(both, table, np.nan)[:, methods], axis=0) for table in (own, rest))
        result[rater, 1] = _pearson(*means) if methods.sum() > 2 else result[rater, 0]
    return result


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < 2 or not np.ptp(first) or not np.ptp(second):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
