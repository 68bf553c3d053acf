"""Compare two methods by every judge: the paired difference, and whether these images can show it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from srgan_lib.evaluation.statistics import mean_intervals
from srgan_lib.metrics.registry import METRICS

APPEARANCE = ("lpips_alex", "lpips_squeeze")  #: judges of how alike images look
FIDELITY = ("psnr_y", "ssim_y")  #: judges of how right each pixel is

Direction = Literal["better", "worse", "unchanged"]


@dataclass(frozen=True)
class Verdict:
    """What one judge says of a method against another on the same images.

    Attributes
    ----------
    mean, other : the two means.
    difference, low, high : mean paired difference with its 95 % interval, which is NaN for fewer than four images.
    """

    metric: str
    mean: float
    other: float
    difference: float
    low: float
    high: float

    @property
    def direction(self) -> Direction:
        """Unchanged where the difference rounds to zero, or its interval includes zero."""
        measure = METRICS[self.metric]
        if measure.text(self.difference) == measure.text(0) or self.low <= 0 <= self.high:
            return "unchanged"
        return "better" if (self.difference > 0) == measure.higher_is_better else "worse"


class PairedScores:
    """The images' scores on one dataset, from which any two methods are compared.

    Parameters
    ----------
    metrics : rows of ``metrics.csv`` of one dataset.
    resamples, seed : of the bootstrap.
    """

    def __init__(self, metrics: pd.DataFrame, resamples: int = 10_000, seed: int = 0) -> None:
        self.methods = list(metrics.method.unique())
        self.images = metrics.image.nunique()
        self._resamples, self._seed = resamples, seed
        # As in the summary: only images for which a metric was computed for all methods.
        self._tables = {
            name: table
            for name in METRICS
            if name in metrics
            and len(table := metrics.pivot(index="image", columns="method", values=name)[self.methods].dropna())
        }

    def known(self, metrics: Iterable[str]) -> list[str]:
        """Keep those of the metrics that were computed."""
        return [name for name in metrics if name in self._tables]

    def mean(self, method: str, metric: str) -> float:
        """Average one method's scores over the images."""
        return float(self._tables[metric][method].mean())

    def compare(self, method: str, other: str, metrics: Iterable[str]) -> list[Verdict]:
        """Compare a method with another by those of the metrics that were computed; none where one was not judged."""
        if not {method, other} <= set(self.methods):
            return []
        found = (self._verdict(method, other, name) for name in self.known(metrics))
        return [one for one in found if not math.isnan(one.difference)]

    def leaders(self, metric: str) -> list[str]:
        """Name the method with the best mean, and those that cannot be told from it."""
        measure = METRICS[metric]
        means = self._tables[metric].mean().sort_values(ascending=not measure.higher_is_better, kind="stable")
        best = str(means.index[0])
        rest = [str(name) for name in means.index[1:]]
        return [best, *(name for name in rest if self._verdict(name, best, metric).direction == "unchanged")]

    def _verdict(self, method: str, other: str, metric: str) -> Verdict:
        one, two = (self._tables[metric][name] for name in (method, other))
        with np.errstate(invalid="ignore"):  # equal images have an infinite PSNR
            differences = (one - two).to_numpy(float)
            low, high = mean_intervals(differences[:, None], self._resamples, self._seed)[:, 0]
        return Verdict(metric, float(one.mean()), float(two.mean()), float(differences.mean()), low, high)
