"""Statistics of scores: intervals of means and of paired differences, signs, paired tests.

Test images are a sample of the images that a method may meet, so a mean over them has an interval; methods that upscale
the same images are compared image by image. A network that was trained several times has an interval for both samples,
of images and of trainings. docs/statistics.md tabulates how often the intervals hold the truth and how wide they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEVEL = 0.95  #: of the intervals
FEWEST_FOR_INTERVAL = 4  #: images; Student's interval of three is nine standard deviations wide
FEWEST_FOR_TEST = 6  #: images below which no rank test can reach p < .05
#: By how much the interval of a difference is longer than Student's, towards zero and away from it, and up to how many
#: images; docs/statistics.md says how the three were chosen.
TOWARDS, AWAY, SKEWED_UP_TO = 0.1, 0.45, 20


def mean_interval(scores: np.ndarray, bounds: tuple[float, float] = (-np.inf, np.inf)) -> tuple[float, float]:
    """Compute the 95 % interval of a mean: Student's, for other images of the kind and for other trainings.

    ``scores`` are R×N, of R trainings on N images; fewer than four images have no interval (NaN). It lies within the
    metric's ``bounds``.
    """
    mean, half = scores.mean(), _half_width(scores)
    return float(np.clip(mean - half, *bounds)), float(np.clip(mean + half, *bounds))


def difference_interval(differences: np.ndarray) -> tuple[float, float]:
    """Compute the 95 % interval of a mean paired difference: Student's, lengthened for the long tail of few images.

    Differences between methods are skewed: a few images have several times the usual difference, and a small sample
    often misses them. Its mean then lies too near zero and its standard deviation is too small. The interval is
    therefore longer than Student's, on the side away from zero most; from :data:`SKEWED_UP_TO` images on, the addition
    falls as 1/√n, as the skewness of a mean does. docs/statistics.md has the coverage and the widths.

    ``differences`` are R×N, of R trainings on N images; fewer than four images have no interval (NaN).
    """
    low, high = lengthened(differences.mean(), _half_width(differences), differences.shape[1])
    return float(low), float(high)


def lengthened(mean: ArrayLike, half: ArrayLike, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengthen Student's intervals of mean differences over so many images, as :func:`difference_interval` describes.

    ``half`` is half the width of Student's interval of each ``mean``.
    """
    mean, half = np.asarray(mean), np.asarray(half)
    share = min(1.0, (SKEWED_UP_TO / images) ** 0.5)
    towards, away = half * (1 + TOWARDS * share), half * (1 + AWAY * share)
    return mean - np.where(mean < 0, away, towards), mean + np.where(mean < 0, towards, away)


def count_signs(differences: np.ndarray) -> tuple[int, int]:
    """Count the images whose difference, R×N, is above and below zero in the mean over trainings."""
    signs = np.sign(differences.mean(axis=0))
    return int((signs > 0).sum()), int((signs < 0).sum())


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Correct p-values for multiple testing by Holm's step-down method (1979); NaN stays and does not count."""
    p = np.asarray(p_values, float)
    order = np.argsort(p)[: np.isfinite(p).sum()]
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return corrected


def smallest_p_value(images: int) -> float:
    """Return the smallest two-sided p-value that a signed-rank test of so many images can reach: all differ one way."""
    return 2.0 ** (1 - images)


@dataclass(frozen=True)
class CrossedMean:
    """A mean over the rows and columns of a table, both of them samples: raters × images, or trainings × images.

    Of such a mean there are two intervals, since there are two questions: where would it lie with other rows and these
    columns, and where with other rows and other columns of the kind? Variance components are of single values.
    """

    value: float  #: of all values
    half_these: float  #: half the 95 % interval for these columns and other rows; NaN for fewer than two rows
    half_kind: float  #: the same for other rows and columns of the kind; NaN for fewer than two rows or columns
    row_variance: float  #: between rows
    column_variance: float  #: between columns
    rest_variance: float  #: of rows with columns, with the noise of a value

    def standard_error(self, rows: int, columns: int) -> float:
        """Predict the standard error with so many rows and columns, both drawn anew."""
        rest = self.rest_variance / (rows * columns)
        return float(np.sqrt(self.row_variance / rows + self.column_variance / columns + rest))


def crossed_mean(values: np.ndarray) -> CrossedMean:
    """Compute the mean of a table and its two intervals.

    The variance of the mean is that of a two-way random-effects model without replication, estimated from the mean
    squares (Cornfield & Tukey 1956; Brennan, "Generalizability Theory", 2001, chapter 3): between rows plus between
    columns minus what both contain of the rest. Student's t has Satterthwaite's degrees of freedom. In a table with
    gaps (NaN in the R×C ``values``) a row's or column's deviation counts by its values.
    """
    known = np.isfinite(values)
    total = known.sum()
    if not total:
        return CrossedMean(*[np.nan] * 6)
    value = float(np.nanmean(values))
    residual = np.where(known, values - value, 0.0)
    rows, columns = int(known.any(1).sum()), int(known.any(0).sum())
    if rows < 2:
        return CrossedMean(value, *[np.nan] * 5)
    of_rows = (residual.sum(1) ** 2).sum() / total**2 * rows / (rows - 1)
    half_these = student_quantile(rows - 1) * np.sqrt(of_rows)
    if columns < 2:
        return CrossedMean(value, float(half_these), *[np.nan] * 4)
    of_columns = (residual.sum(0) ** 2).sum() / total**2 * columns / (columns - 1)
    row_means, column_means = (
        residual.sum(axis, keepdims=True) / np.maximum(known.sum(axis, keepdims=True), 1) for axis in (1, 0)
    )
    freedom = max(total - rows - columns + 1, 1)
    rest = (np.where(known, residual - row_means - column_means, 0.0) ** 2).sum() / freedom
    # The two sums hold the rest twice; it is in the mean once.
    variance = max(of_rows + of_columns - rest / total, of_rows, of_columns)
    degrees = variance**2 / (of_rows**2 / (rows - 1) + of_columns**2 / (columns - 1) + 1e-300)
    half_kind = student_quantile(float(np.clip(degrees, 1, rows + columns))) * np.sqrt(variance)
    per_row, per_column = total / rows, total / columns
    components = max(of_rows * rows - rest / per_row, 0), max(of_columns * columns - rest / per_column, 0), rest
    return CrossedMean(value, float(half_these), float(half_kind), *map(float, components))


def student_quantile(degrees: float) -> float:
    """Return how many standard errors half of an interval is."""
    return float(stats.t.ppf(0.5 + LEVEL / 2, max(degrees, 1)))


def _half_width(scores: np.ndarray) -> float:
    """Compute half the width of Student's 95 % interval of the mean of R×N scores; NaN for fewer than four images."""
    trainings, images = scores.shape
    if images < FEWEST_FOR_INTERVAL:
        return np.nan
    if trainings > 1:
        return crossed_mean(scores).half_kind
    error = float(scores.std(ddof=1)) / images**0.5
    # Equal values whose mean is rounded have a tiny spread, and no error.
    return 0.0 if error <= 1e-12 * abs(scores.mean()) else student_quantile(images - 1) * error


def signed_rank_test(differences: np.ndarray) -> tuple[float, float]:
    """Compute the p-value of Wilcoxon's signed-rank test and the rank-biserial correlation, of the images that differ.

    Of N ``differences`` fewer than :data:`FEWEST_FOR_TEST` have no p-value (NaN).
    """
    changed = differences[differences != 0]
    ranks = stats.rankdata(abs(changed))
    effect = float((ranks * np.sign(changed)).sum() / ranks.sum()) if len(changed) else 0.0
    if len(differences) < FEWEST_FOR_TEST:
        return np.nan, effect
    return (float(stats.wilcoxon(changed).pvalue) if len(changed) else 1.0), effect
