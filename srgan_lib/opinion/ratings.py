"""Mean opinion scores with intervals for both things that a study draws: raters and images.

Votes are an array of R raters × I images × M methods, 1 ("bad") to 5 ("excellent"), NaN where a rater did not see an
image. Of each mean there are two intervals, since there are two questions:

- *these images*: where would the mean lie with other raters? Only raters are drawn.
- *images of this kind*: where with other raters and other images? Both are drawn, crossed with each other.

The second is the longer one. It is what a claim about methods needs; the first is what a claim about these pictures needs.
"""

from __future__ import annotations

import numpy as np

from srgan_lib.evaluation.statistics import CrossedMean, crossed_mean, student_quantile

SCALE = ("bad", "poor", "fair", "good", "excellent")  #: ITU-T P.910 (10/2023), section 8.1: the labels of 1 to 5


def method_means(votes: np.ndarray) -> list[CrossedMean]:
    """Compute each method's mean opinion score; ``votes`` is R×I×M."""
    return [crossed_mean(votes[:, :, method]) for method in range(votes.shape[2])]


def difference(votes: np.ndarray, first: int, second: int) -> CrossedMean:
    """Compute the mean difference of two methods, each rater compared with themselves on the same image."""
    return crossed_mean(votes[:, :, first] - votes[:, :, second])


def raters_needed(found: CrossedMean, wanted: float, images: int, most: int = 10_000) -> int | None:
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
        return found.standard_error(raters, images) * student_quantile(min(raters, images) - 1) <= abs(wanted)

    if not enough(most):
        return None
    low, high = 1, most  # one rater gives no interval
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle > 1 and enough(middle) else (middle, high)
    return high
