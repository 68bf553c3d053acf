"""How sure the figures are: spread, bootstrap intervals, paired tests, and which image drives a mean.

Test images are a sample of all images that a method may meet, so a mean over them has an interval, and methods that
enlarge the same images are compared image by image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from srgan_lib.methods import BASELINE
from srgan_lib.metrics.registry import METRICS

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
    seed : of the resamples; all methods of a dataset see the same ones.

    Returns
    -------
    One row for each dataset, method and metric, from the images for which the metric was computed for all methods:

    n, mean, std (with n - 1), median, iqr (interquartile range)
        of the images' figures.
    ci_low, ci_high
        95 % percentile bootstrap interval of the mean (Efron & Tibshirani 1993).
    difference, difference_low, difference_high
        mean of the images' differences from the baseline, with its interval.
    p_value
        of a two-sided Wilcoxon signed-rank test of these differences, corrected by Holm's method for the number of
        methods compared by this metric on this dataset. Five images cannot give less than 0.0625.
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


def _describe(table: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Rows of the summary for one metric on one dataset, from its images×methods table."""
    count = len(table)
    # How often each image is in each resample, as shares that sum to 1: their product with the table is all means.
    shares = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples) / count
    rows = pd.DataFrame(
        {
            "n": count,
            "mean": table.mean(),
            "std": table.std(),
            "median": table.median(),
            "iqr": table.quantile(0.75) - table.quantile(0.25),
        }
    ).rename_axis("method")
    rows["ci_low"], rows["ci_high"] = _interval(table, shares)
    if BASELINE in table:
        others = table.drop(columns=BASELINE)
        differences = others.sub(table[BASELINE], axis="index")
        low, high = _interval(differences, shares)
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


def _interval(table: pd.DataFrame, shares: np.ndarray) -> np.ndarray:
    """Low and high ends of the columns' means; NaN for a single image, about which a bootstrap says nothing."""
    if len(table) == 1:
        return np.full((2, table.shape[1]), np.nan)
    return np.quantile(shares @ table.to_numpy(), [0.025, 0.975], axis=0)


def _signed_rank_test(differences: np.ndarray) -> tuple[float, float]:
    """The p-value of Wilcoxon's signed-rank test and the rank-biserial correlation, of the images that differ."""
    from scipy.stats import rankdata, wilcoxon

    changed = differences[differences != 0]
    if not len(changed):
        return 1.0, 0.0
    ranks = rankdata(abs(changed))
    return float(wilcoxon(changed).pvalue), float((ranks * np.sign(changed)).sum() / ranks.sum())
