"""Statistics of the scores: spread, intervals of means, paired tests, and the image that drives a mean.

Test images are a sample of the images that a method may meet, so a mean over them has an interval; methods that upscale
the same images are compared image by image. All intervals come from one method, the studentised bootstrap, which was
chosen by simulation: docs/statistics.md tabulates the coverage of its competitors.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from srgan_lib.methods import BASELINE
from srgan_lib.metrics.registry import METRICS

LEVEL = 0.95  #: of the intervals
#: Below this many images resamples of one repeated image, which have no spread, are so frequent that the interval has no end.
FEWEST_FOR_INTERVAL = 4
FEWEST_FOR_TEST = 6  #: images below which no rank test can reach p < .05

SUMMARY_COLUMNS = (
    "dataset",
    "method",
    "metric",
    "n",
    "mean",
    "std",
    "median",
    "iqr",
    "ci_low",
    "ci_high",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "effect_size",
    "driven_by",
    "mean_without",
)


def summarise(metrics: pd.DataFrame, resamples: int = 10_000, seed: int = 0) -> pd.DataFrame:
    """Summarise ``metrics.csv`` into ``metrics_summary.csv``.

    Parameters
    ----------
    metrics : columns dataset, image, method and metrics; NaN where a metric was not computed.
    resamples : bootstrap resamples.
    seed : of the resamples; all methods of a dataset share them.

    Returns
    -------
    One row for each dataset, method and metric, from the images for which the metric was computed for all methods:

    n, mean, std (with n - 1), median, iqr (interquartile range)
        of the images' scores.
    ci_low, ci_high
        95 % interval of the mean (:func:`mean_intervals`); NaN for fewer than four images.
    difference, difference_low, difference_high
        mean of the images' differences from the baseline, with its interval.
    p_value
        of a two-sided Wilcoxon signed-rank test of these differences, corrected by Holm's method for the number of
        methods compared by this metric on this dataset; NaN for fewer than six images, of which no order of ranks
        reaches p < .05. See :func:`smallest_p_value`.
    effect_size
        matched-pairs rank-biserial correlation (Kerby 2014): from -1, all images below the baseline, to 1.
    driven_by, mean_without
        the image without which the mean changes most, and the mean without it.
    """
    frames = []
    with np.errstate(invalid="ignore"):  # equal images have an infinite PSNR, whose spread is undefined
        for dataset, group in metrics.groupby("dataset", sort=False):
            for metric in (name for name in METRICS if name in group):
                table = group.pivot(index="image", columns="method", values=metric).dropna()
                if len(table):
                    rows = _describe(table[group.method.unique()], resamples, seed)
                    frames.append(rows.assign(dataset=dataset, metric=metric))
    return pd.concat(frames, ignore_index=True).reindex(columns=SUMMARY_COLUMNS)


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


def mean_intervals(table: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Compute 95 % intervals of the columns' means by the studentised bootstrap.

    The distribution of (mean − true mean) / standard error is estimated by resampling the rows (Efron & Tibshirani,
    "An Introduction to the Bootstrap", 1993, section 12.5). Unlike percentile intervals it covers what it claims for few
    and skewed values, too (docs/statistics.md).

    Parameters
    ----------
    table : n×m, one row per image.
    resamples : bootstrap resamples of the rows.
    seed : of the resamples.

    Returns
    -------
    2×m: low and high ends; NaN for fewer than four rows, and for columns that are not finite.
    """
    count = len(table)
    if count < FEWEST_FOR_INTERVAL:
        return np.full((2, table.shape[1]), np.nan)
    # How often each row is in each resample, as shares that sum to 1: their product with the table is all means.
    shares = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = table.mean(axis=0)
        centred = table - mean
        error = centred.std(axis=0, ddof=1) / np.sqrt(count)
        shifts = shares @ centred
        # Rounding leaves a little variance to a resample of one repeated row; it counts as none.
        variances = shares @ centred**2 - shifts**2
        errors = np.sqrt(np.where(variances > 1e-12 * error**2, variances, 0) / (count - 1))
        studentised = np.where(shifts == 0, 0.0, shifts / errors)
        tails = (1 - LEVEL) / 2
        # "nearest" takes values that occur: between a finite and an infinite one there is none.
        low, high = np.quantile(studentised, [tails, 1 - tails], axis=0, method="nearest")
        # A constant column, but for rounding, has no error and an interval of no width.
        ends = np.array([mean - high * error, mean - low * error])
    return np.where(error <= 1e-12 * abs(mean), mean, ends)


def _describe(table: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Summarise one metric on one dataset from its images×methods table."""
    count = len(table)
    rows = pd.DataFrame(
        {
            "n": count,
            "mean": table.mean(),
            "std": table.std(),
            "median": table.median(),
            "iqr": table.quantile(0.75) - table.quantile(0.25),
        }
    ).rename_axis("method")
    rows["ci_low"], rows["ci_high"] = mean_intervals(table.to_numpy(), resamples, seed)
    if BASELINE in table:
        others = table.drop(columns=BASELINE)
        differences = others.sub(table[BASELINE], axis="index")
        low, high = mean_intervals(differences.to_numpy(), resamples, seed)
        tests = [_signed_rank_test(differences[method].to_numpy()) for method in differences]
        compared = pd.DataFrame({"difference": differences.mean(), "difference_low": low, "difference_high": high})
        compared["p_value"] = holm([p for p, _ in tests])
        compared["effect_size"] = [effect for _, effect in tests]
        rows = rows.join(compared)
    finite = table.loc[:, np.isfinite(table.mean())]
    if count > 1 and len(finite.columns):
        without = (finite.sum() - finite) / (count - 1)
        rows["driven_by"] = drivers = (without - finite.mean()).abs().idxmax()
        rows["mean_without"] = pd.Series({method: without[method][image] for method, image in drivers.items()})
    return rows.reset_index()


def _signed_rank_test(differences: np.ndarray) -> tuple[float, float]:
    """Compute the p-value of Wilcoxon's signed-rank test and the rank-biserial correlation, of the images that differ."""
    from scipy.stats import rankdata, wilcoxon

    changed = differences[differences != 0]
    ranks = rankdata(abs(changed))
    effect = float((ranks * np.sign(changed)).sum() / ranks.sum()) if len(changed) else 0.0
    if len(differences) < FEWEST_FOR_TEST:
        return np.nan, effect
    return (float(wilcoxon(changed).pvalue) if len(changed) else 1.0), effect
