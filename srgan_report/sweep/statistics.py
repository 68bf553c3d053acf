"""Tell differences between settings from chance: variance over seeds, intervals, contrasts, Pareto front.

Seeds decide the initial weights, the crops and, where a set has no split of its own, the images, so runs of one seed
have something in common. Contrasts therefore compare settings within seeds: a linear model with a mean for each
setting and an offset for each seed, fitted by least squares, whose residual deviation is the spread that is left.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from srgan_lib.evaluation.statistics import student_quantile

PLANE = ("psnr_y", "lpips_alex")  #: fidelity, of which higher is better, and distance, of which lower is


@dataclass(frozen=True)
class Contrast:
    """The difference between two levels of a factor: mean of ``b`` minus mean of ``a``, in the metric's unit.

    Its 95 % interval ``low`` to ``high``, and ``std``, the standard deviation between runs of one setting without the
    offsets of the seeds, are NaN where seeds are too few, or not the same for both levels.
    """

    metric: str
    a: str
    b: str
    difference: float
    low: float = np.nan
    high: float = np.nan
    std: float = np.nan

    @property
    def known(self) -> bool:
        """Whether there are enough seeds to judge the difference."""
        return bool(np.isfinite(self.low))

    @property
    def exceeds(self) -> bool:
        """Whether the difference is more than the seeds explain: its interval does not include zero."""
        return self.known and (self.low > 0 or self.high < 0)


def interval(values: Sequence[float] | pd.Series) -> tuple[float, float]:
    """Compute Student's 95 % interval of the mean; NaN for fewer than two values."""
    sample = np.asarray(values, float)
    if len(sample) < 2:
        return np.nan, np.nan
    half = student_quantile(len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample))
    return float(sample.mean() - half), float(sample.mean() + half)


def over_seeds(rows: pd.DataFrame, metric: str, by: str = "setting") -> pd.DataFrame:
    """Tabulate n, mean, std (with n - 1), low and high of a metric over runs, by setting or level of factor ``by``."""
    groups = {level: group[metric].dropna() for level, group in rows.groupby(by, sort=False)}
    found = [(len(values), values.mean(), values.std(), *interval(values)) for values in groups.values()]
    return pd.DataFrame(found, pd.Index(list(groups), name=by), ["n", "mean", "std", "low", "high"])


def contrast(rows: pd.DataFrame, metric: str, factor: str, a: str, b: str, candidates: int = 2) -> Contrast:
    """Compare two levels of a factor within seeds, in runs of one dataset.

    More than two ``candidates``, of which the two were chosen after looking, widen the interval (Tukey).
    """
    rows = rows.dropna(subset=[metric])
    settings, seeds = list(rows.setting.unique()), list(rows.seed.unique())
    design = np.zeros((len(rows), len(settings) + len(seeds) - 1))
    design[np.arange(len(rows)), [settings.index(setting) for setting in rows.setting]] = 1
    for index, seed in enumerate(seeds[1:]):
        design[rows.seed.to_numpy() == seed, len(settings) + index] = 1
    level = dict(zip(rows.setting, rows[factor], strict=True))
    weights = np.zeros(design.shape[1])
    for sign, name in ((-1, a), (1, b)):
        members = [index for index, setting in enumerate(settings) if level[setting] == name]
        weights[members] += sign / len(members)
    values = rows[metric].to_numpy(float)
    inverse = np.linalg.pinv(design.T @ design)
    if not np.allclose(weights @ inverse @ (design.T @ design), weights):  # levels and seeds cannot be told apart
        means = rows.groupby("setting")[metric].mean().groupby(level).mean()
        return Contrast(metric, a, b, float(means[b] - means[a]))
    estimate = inverse @ design.T @ values
    freedom = len(rows) - np.linalg.matrix_rank(design)
    difference = float(weights @ estimate)
    if freedom < 1 or len(seeds) < 2:
        return Contrast(metric, a, b, difference)
    std = float(np.sqrt(((values - design @ estimate) ** 2).sum() / freedom))
    error = std * float(np.sqrt(weights @ inverse @ weights))
    half = error * _quantile(candidates, int(freedom))
    return Contrast(metric, a, b, difference, difference - half, difference + half, std)


@functools.cache
def _quantile(candidates: int, freedom: int) -> float:
    """How many standard errors half of a 95 % interval is: Student's, or Tukey's for a pair of more candidates."""
    from scipy.stats import studentized_range

    if candidates > 2:
        return float(studentized_range.ppf(0.95, candidates, freedom)) / 2**0.5
    return student_quantile(freedom)


def pareto(rows: pd.DataFrame) -> pd.DataFrame:
    """Find the runs that no other beats in both measures of :data:`PLANE`, from the least faithful to the most."""
    ranked = rows.dropna(subset=[*PLANE]).sort_values([*PLANE], ascending=[False, True])
    distance = ranked[PLANE[1]]
    nearer = distance < distance.cummin().shift(fill_value=np.inf)  # than all runs of higher fidelity
    return ranked[nearer][::-1]
