"""Which metric agrees with people: correlations over images and methods, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from srgan_lib.metrics.registry import METRICS

FEWEST = 5  #: points below which no correlation is given
RESAMPLES = 1000

COLUMNS = ["metric", "points", "spearman", "spearman_low", "spearman_high", "pearson", "pearson_low", "pearson_high",
           "over_methods"]  # fmt: skip


def metric_agreement(scores: np.ndarray, metrics: dict[str, np.ndarray], seed: int = 0) -> pd.DataFrame:
    """Correlate people's scores with metrics over all images and methods.

    A metric for which lower is better is turned round: a positive correlation means agreement for all of them.

    Parameters
    ----------
    scores : R×I×M votes of raters that count, NaN where there is none; or 1×I×M scores.
    metrics : I×M each, by name; NaN where a metric was not computed, and for the original itself.
    seed : of the bootstrap, which draws raters and images anew, both at once.

    Returns
    -------
    One row for each metric that was computed: Spearman's and Pearson's correlation over the points with their 95 %
    intervals, and over_methods, Spearman's of the methods' means.

    References
    ----------
    A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007.
    """
    rng = np.random.default_rng(seed)
    raters, images = scores.shape[:2]
    draws = [(rng.integers(raters, size=raters), rng.integers(images, size=images)) for _ in range(RESAMPLES)]
    means = _mean(scores)
    resampled = [(_mean(scores[chosen][:, places]), places) for chosen, places in draws]
    rows = []
    for name, values in metrics.items():
        values = values if METRICS[name].higher_is_better else -values
        spearman, pearson, points = _correlations(means, values)
        if points < FEWEST:
            continue
        again = np.array([_correlations(mean, values[places])[:2] for mean, places in resampled])
        low, high = np.nanpercentile(again, [2.5, 97.5], axis=0)
        known = np.isfinite(means) & np.isfinite(values)
        by_method = [(means[:, m][known[:, m]].mean(), values[:, m][known[:, m]].mean())
                     for m in range(means.shape[1]) if known[:, m].any()]  # fmt: skip
        over = _rank_correlation(*np.array(by_method).T) if len(by_method) > 2 else np.nan
        rows.append([name, points, spearman, low[0], high[0], pearson, low[1], high[1], over])
    return pd.DataFrame(rows, columns=COLUMNS)


def _mean(scores: np.ndarray) -> np.ndarray:
    """Average over raters; NaN where nobody voted."""
    known = np.isfinite(scores)
    count = known.sum(0)
    return np.where(count, np.where(known, scores, 0).sum(0) / np.maximum(count, 1), np.nan)


def _correlations(scores: np.ndarray, values: np.ndarray) -> tuple[float, float, int]:
    known = np.isfinite(scores) & np.isfinite(values)
    one, other = scores[known], values[known]
    if len(one) < 3 or not np.ptp(one) or not np.ptp(other):
        return np.nan, np.nan, len(one)
    return _rank_correlation(one, other), float(np.corrcoef(one, other)[0, 1]), len(one)


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    ranks = stats.rankdata(one), stats.rankdata(other)
    return float(np.corrcoef(*ranks)[0, 1]) if np.ptp(ranks[0]) and np.ptp(ranks[1]) else np.nan
