"""Which metric agrees with people: correlations over images and methods, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

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
    votes = np.ma.masked_invalid(scores)
    people = np.array([votes[chosen][:, places].mean(0).filled(np.nan) for chosen, places in draws])
    rows = []
    for name, values in metrics.items():
        values = values if METRICS[name].higher_is_better else -values
        drawn = np.array([values[places] for _, places in draws])
        common = np.isfinite(people) & np.isfinite(drawn)  # draws × images × methods
        if common[0].sum() < FEWEST:
            continue
        pairs = [
            pd.DataFrame(np.where(common, side, np.nan).reshape(len(draws), -1).T)  # a column for each draw
            for side in (people, drawn)
        ]
        row: list[object] = [name, int(common[0].sum())]
        for one, other in ([side.rank() for side in pairs], pairs):
            found = one.corrwith(other)
            row += [found[0], *np.nanpercentile(found[1:], [2.5, 97.5])]
        means = [side[0].groupby(np.arange(len(side)) % methods).mean().rank() for side in pairs]
        over = means[0].corr(means[1]) if means[0].count() > 2 else np.nan
        rows.append([*row, over])
    return pd.DataFrame(rows, columns=COLUMNS)
