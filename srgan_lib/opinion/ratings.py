"""Mean opinion scores with intervals for both things that a study draws: raters and images.

Votes are an array of R raters × I images × M methods, 1 ("bad") to 5 ("excellent"), NaN where a rater did not see an
image. Of each mean there are two intervals, since there are two questions:

- *these images*: where would the mean lie with other raters? Only raters are drawn.
- *images of this kind*: where with other raters and other images? Both are drawn, crossed with each other.

The second is the longer one. It is what a claim about methods needs; the first is what a claim about these pictures needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

SCALE = ("bad", "poor", "fair", "good", "excellent")  #: ITU-T P.910 (10/2023), section 8.1: the labels of 1 to 5
LEVEL = 0.95  #: of the intervals


@dataclass(frozen=True)
class Mean:
    """A mean over raters and images.

    Attributes
    ----------
    value : of all votes.
    half_these : half the length of the 95 % interval for these images; NaN for fewer than two raters.
    half_kind : the same for images of this kind; NaN for fewer than two raters or images.
    rater_variance, image_variance, rest_variance : variance components of single votes: between raters, between images,
        and of raters with images (with the noise of a vote).
    """

    value: float
    half_these: float
    half_kind: float
    rater_variance: float
    image_variance: float
    rest_variance: float

    def standard_error(self, raters: int, images: int) -> float:
        """Predict the standard error with so many raters and images, both drawn anew."""
        return float(
            np.sqrt(
                self.rater_variance / raters + self.image_variance / images + self.rest_variance / (raters * images)
            )
        )


def mean_with_intervals(votes: np.ndarray) -> Mean:
    """Compute the mean of a table of raters × images and its two intervals.

    The variance of the mean is that of a two-way random-effects model without replication, estimated from the mean
    squares (Cornfield & Tukey 1956; Brennan, "Generalizability Theory", 2001, chapter 3): between raters plus between
    images minus what both contain of the rest. Student's t has Satterthwaite's degrees of freedom. In a table with gaps
    a rater's or image's deviation counts by its votes.

    Parameters
    ----------
    votes : R×I, NaN where there is none; votes, or a rater's differences between two methods.
    """
    known = np.isfinite(votes)
    total = known.sum()
    if not total:
        return Mean(*[np.nan] * 6)
    value = float(np.nanmean(votes))
    residual = np.where(known, votes - value, 0.0)
    raters, images = int(known.any(1).sum()), int(known.any(0).sum())
    if raters < 2:
        return Mean(value, *[np.nan] * 5)
    of_raters = (residual.sum(1) ** 2).sum() / total**2 * raters / (raters - 1)
    half_these = _quantile(raters - 1) * np.sqrt(of_raters)
    if images < 2:
        return Mean(value, float(half_these), *[np.nan] * 4)
    of_images = (residual.sum(0) ** 2).sum() / total**2 * images / (images - 1)
    centred = residual - _deviations(residual, known, 1) - _deviations(residual, known, 0)
    freedom = max(total - raters - images + 1, 1)
    rest = (np.where(known, centred, 0.0) ** 2).sum() / freedom
    # The two sums hold the rest twice; it is in the mean once.
    variance = max(of_raters + of_images - rest / total, of_raters, of_images)
    degrees = variance**2 / (of_raters**2 / (raters - 1) + of_images**2 / (images - 1) + 1e-300)
    half_kind = _quantile(float(np.clip(degrees, 1, raters + images))) * np.sqrt(variance)
    per_rater, per_image = total / raters, total / images
    return Mean(
        value,
        float(half_these),
        float(half_kind),
        float(max(of_raters * raters - rest / per_rater, 0)),
        float(max(of_images * images - rest / per_image, 0)),
        float(rest),
    )


def method_means(votes: np.ndarray) -> list[Mean]:
    """Compute each method's mean opinion score; ``votes`` is R×I×M."""
    return [mean_with_intervals(votes[:, :, method]) for method in range(votes.shape[2])]


def difference(votes: np.ndarray, first: int, second: int) -> Mean:
    """Compute the mean difference of two methods, each rater compared with themselves on the same image."""
    return mean_with_intervals(votes[:, :, first] - votes[:, :, second])


def raters_needed(found: Mean, wanted: float, images: int, most: int = 10_000) -> int | None:
    """Count the raters with whom a difference would lie outside its interval for images of this kind.

    Parameters
    ----------
    found : the difference as a study estimates it, whose variance components are taken as true.
    wanted : size of the difference to be shown.
    images : how many are to be shown.
    most : beyond this many, more images are needed rather than more raters.

    Returns
    -------
    int or None
        None where no number of raters is enough with so many images.
    """
    if not np.isfinite(found.rest_variance) or not wanted:
        return None

    def enough(raters: int) -> bool:
        return found.standard_error(raters, images) * _quantile(min(raters, images) - 1) <= abs(wanted)

    if not enough(most):
        return None
    low, high = 1, most  # one rater gives no interval
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle > 1 and enough(middle) else (middle, high)
    return high


def _deviations(residual: np.ndarray, known: np.ndarray, axis: int) -> np.ndarray:
    """Average residuals over an axis, ignoring gaps."""
    return residual.sum(axis, keepdims=True) / np.maximum(known.sum(axis, keepdims=True), 1)


def _quantile(degrees: float) -> float:
    return float(stats.t.ppf(0.5 + LEVEL / 2, max(degrees, 1)))
