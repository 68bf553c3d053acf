"""The mean of a table whose rows and columns are both samples: raters × images, or trainings × images.

Of such a mean there are two intervals, since there are two questions: where would it lie with other rows and these
columns, and where with other rows and other columns of the kind?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95  #: of the intervals


@dataclass(frozen=True)
class CrossedMean:
    """A mean over the rows and columns of a table.

    Attributes
    ----------
    value : of all values.
    half_these : half the length of the 95 % interval for these columns and other rows; NaN for fewer than two rows.
    half_kind : the same for other rows and other columns of the kind; NaN for fewer than two rows or columns.
    row_variance, column_variance, rest_variance : variance components of single values: between rows, between columns, and
        of rows with columns (with the noise of a value).
    """

    value: float
    half_these: float
    half_kind: float
    row_variance: float
    column_variance: float
    rest_variance: float

    def standard_error(self, rows: int, columns: int) -> float:
        """Predict the standard error with so many rows and columns, both drawn anew."""
        return float(
            np.sqrt(self.row_variance / rows + self.column_variance / columns + self.rest_variance / (rows * columns))
        )


def crossed_mean(values: np.ndarray) -> CrossedMean:
    """Compute the mean of a table and its two intervals.

    The variance of the mean is that of a two-way random-effects model without replication, estimated from the mean
    squares (Cornfield & Tukey 1956; Brennan, "Generalizability Theory", 2001, chapter 3): between rows plus between
    columns minus what both contain of the rest. Student's t has Satterthwaite's degrees of freedom. In a table with gaps
    a row's or column's deviation counts by its values.

    Parameters
    ----------
    values : R×C, NaN where there is none.
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
    centred = residual - _deviations(residual, known, 1) - _deviations(residual, known, 0)
    freedom = max(total - rows - columns + 1, 1)
    rest = (np.where(known, centred, 0.0) ** 2).sum() / freedom
    # The two sums hold the rest twice; it is in the mean once.
    variance = max(of_rows + of_columns - rest / total, of_rows, of_columns)
    degrees = variance**2 / (of_rows**2 / (rows - 1) + of_columns**2 / (columns - 1) + 1e-300)
    half_kind = student_quantile(float(np.clip(degrees, 1, rows + columns))) * np.sqrt(variance)
    per_row, per_column = total / rows, total / columns
    return CrossedMean(
        value,
        float(half_these),
        float(half_kind),
        float(max(of_rows * rows - rest / per_row, 0)),
        float(max(of_columns * columns - rest / per_column, 0)),
        float(rest),
    )


def _deviations(residual: np.ndarray, known: np.ndarray, axis: int) -> np.ndarray:
    """Average residuals over an axis, ignoring gaps."""
    return residual.sum(axis, keepdims=True) / np.maximum(known.sum(axis, keepdims=True), 1)


def student_quantile(degrees: float) -> float:
    """Return how many standard errors half of an interval is."""
    return float(stats.t.ppf(0.5 + LEVEL / 2, max(degrees, 1)))
