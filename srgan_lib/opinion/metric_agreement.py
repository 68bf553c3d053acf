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
    raters, images, methods = scores.shape
    draws = [(np.arange(raters), np.arange(images))]
    draws += [(rng.integers(raters, size=raters), rng.integers(images, size=images)) for _ in range(RESAMPLES)]
    people = np.array([_mean(scores[chosen][:, places]) for chosen, places in draws])  # draws × images × methods
    rows = []
    for name, values in metrics.items():
        values = values if METRICS[name].higher_is_better else -values
        known = np.isfinite(people[0]) & np.isfinite(values)
        if known.sum() < FEWEST:
            continue
        drawn = np.array([values[places] for _, places in draws])
        pairs = people.reshape(len(draws), -1), drawn.reshape(len(draws), -1)
        row: list[object] = [name, int(known.sum())]
        for found in (_correlations(*map(_ranks, _common(*pairs))), _correlations(*_common(*pairs))):
            row += [found[0], *np.nanpercentile(found[1:], [2.5, 97.5])]
        judged = [method for method in range(methods) if known[:, method].any()]
        by_method = [[table[known[:, m], m].mean() for m in judged] for table in (people[0], values)]
        over = _correlations(*(_ranks(np.array([means])) for means in by_method))[0] if len(judged) > 2 else np.nan
        rows.append([*row, over])
    return pd.DataFrame(rows, columns=COLUMNS)


def _mean(scores: np.ndarray) -> np.ndarray:
    """Average over raters; NaN where nobody voted."""
    known = np.isfinite(scores)
    count = known.sum(0)
    return np.where(count, np.where(known, scores, 0).sum(0) / np.maximum(count, 1), np.nan)


def _common(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep the points that both have; the others are NaN in both."""
    known = np.isfinite(one) & np.isfinite(other)
    return np.where(known, one, np.nan), np.where(known, other, np.nan)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Rank each row, ties at their mean; NaN stays."""
    known = np.isfinite(values)
    return np.where(known, stats.rankdata(np.where(known, values, np.inf), axis=1), np.nan)


def _correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Compute Pearson's correlation of each row, ignoring NaN; NaN where one side does not vary."""
    known = np.isfinite(one)
    count = np.maximum(known.sum(1, keepdims=True), 1)
    centred = [
        np.where(known, side - np.where(known, side, 0).sum(1, keepdims=True) / count, 0) for side in (one, other)
    ]
    first, second = ((side**2).sum(1) for side in centred)
    varies = (first > 1e-12) & (second > 1e-12)
    return np.where(varies, (centred[0] * centred[1]).sum(1) / np.sqrt(np.where(varies, first * second, 1)), np.nan)
