"""Compare methods by every judge: the paired differences on one dataset, and whether these images can show them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from srgan_lib.evaluation.statistics import count_signs, difference_interval
from srgan_lib.metrics.measure import METRICS

APPEARANCE = ("lpips_alex", "lpips_squeeze")  #: judges of how alike images look
FIDELITY = ("psnr_y", "ssim_y")  #: judges of how right each pixel is
COUNTED = 10  #: up to so many images a comparison says on how many of them a method is better

Direction = Literal["better", "worse", "unchanged", "open"]


@dataclass(frozen=True)
class Verdict:
    """What one judge says of a method against another on the same images."""

    metric: str
    mean: float
    other: float  #: the other method's mean
    difference: float  #: the mean of the paired differences
    low: float  #: the ends of its 95 % interval; NaN for fewer than four images
    high: float
    better_on: int  #: number of images on which the method is better
    worse_on: int
    images: int

    @property
    def direction(self) -> Direction:
        """Tell whether the method is better.

        Better or worse where the interval excludes zero, or there are too few images for one. Unchanged where the
        difference rounds to zero, or the interval includes zero and the images' signs are mixed. Open where the
        interval includes zero although the images agree: they can show neither a difference nor that there is none.
        """
        measure = METRICS[self.metric]
        if measure.text(self.difference) == measure.text(0):
            return "unchanged"
        if self.low <= 0 <= self.high:
            return "unchanged" if self.mixed else "open"
        return "better" if self.ahead else "worse"

    @property
    def ahead(self) -> bool:
        """Whether the method has the better mean."""
        return (self.difference > 0) == METRICS[self.metric].higher_is_better

    @property
    def mixed(self) -> bool:
        """Whether the images disagree: neither all that differ go one way, nor more of them than chance explains."""
        if not (self.better_on and self.worse_on):
            return self.better_on == self.worse_on
        return stats.binomtest(self.better_on, self.better_on + self.worse_on).pvalue >= 0.05

    @property
    def seen(self) -> Direction:
        """Which way the images point, even where their interval holds zero."""
        if self.direction == "open":
            return "better" if self.ahead else "worse"
        return self.direction

    @property
    def notes(self) -> str:
        """On how many images the method is better, and what its scores or the interval do not show of that.

        Of many images only where the verdict is open: ``better on 12 of 14, but the interval holds 0``.
        """
        if not 1 < self.images <= COUNTED and self.direction != "open":
            return ""
        text = f"{f'better on {self.better_on}' if self.ahead else f'worse on {self.worse_on}'} of {self.images}"
        if self.direction == "open":
            text += ", but the interval holds 0"
        elif self.direction == "unchanged" and not self.mixed:
            text += ", by less than the last digit"
        return text

    @property
    def means(self) -> str:
        """The two means, e.g. ``0.240 against 0.400``."""
        return f"{METRICS[self.metric].text(self.mean)} against {METRICS[self.metric].text(self.other)}"


@dataclass(frozen=True)
class ScoreTable:
    """One metric's scores on one dataset, of the images for which all methods have it."""

    metric: str
    values: np.ndarray  #: R×N×M; a method that was not trained R times has the same scores in each
    images: list[str]
    methods: list[str]

    def of(self, method: str) -> np.ndarray:
        """Select one method's scores, R×N."""
        return self.values[:, :, self.methods.index(method)]

    def compare(self, method: str, other: str) -> Verdict:
        """Compare a method with another, image by image."""
        one, two = self.of(method), self.of(other)
        with np.errstate(invalid="ignore"):  # equal images have an infinite PSNR
            differences = one - two
            better, worse = count_signs(differences)[:: 1 if METRICS[self.metric].higher_is_better else -1]
            low, high = difference_interval(differences)
        means = float(one.mean()), float(two.mean()), float(differences.mean())
        return Verdict(self.metric, *means, low, high, better, worse, len(self.images))


class PairedScores:
    """The images' scores on one dataset, from which any two methods are compared.

    ``metrics`` are the rows of ``metrics.csv`` of this dataset, NaN where a metric was not computed; ``repeats`` is as
    ``repeats.csv``: the same for networks of further trainings, with the column ``repeat``. The attribute ``tables``
    has one by metric; a metric that no image has for all methods is left out.
    """

    def __init__(self, metrics: pd.DataFrame, repeats: pd.DataFrame | None = None) -> None:
        self.methods = list(metrics.method.unique())
        self.images = metrics.image.nunique()
        parts = [metrics]
        if repeats is not None:
            here = repeats[repeats.dataset.isin(metrics.dataset)]
            parts += [part for _, part in here.groupby("repeat")]
        self.trainings = len(parts)
        self.tables: dict[str, ScoreTable] = {}
        for name in (name for name in METRICS if name in metrics):
            first, *further = (part.pivot(index="image", columns="method", values=name) for part in parts)
            images = first.dropna().index
            if len(images):
                every = [first, *(table.combine_first(first) for table in further)]
                values = np.stack([table.loc[images, self.methods].to_numpy(float) for table in every])
                self.tables[name] = ScoreTable(name, values, list(images), self.methods)

    @classmethod
    def of_all(cls, metrics: pd.DataFrame, repeats: pd.DataFrame | None = None) -> dict[str, PairedScores]:
        """Pair the scores of each dataset of ``metrics.csv``."""
        return {str(dataset): cls(rows, repeats) for dataset, rows in metrics.groupby("dataset", sort=False)}

    def known(self, metrics: Iterable[str]) -> list[str]:
        """Keep those of the metrics that were computed."""
        return [name for name in metrics if name in self.tables]

    def mean(self, method: str, metric: str) -> float:
        """Average one method's scores over images and trainings."""
        return float(self.tables[metric].of(method).mean())

    def compare(self, method: str, other: str, metrics: Iterable[str]) -> list[Verdict]:
        """Compare a method with another by those of the metrics that were computed; none where one was not judged."""
        if not {method, other} <= set(self.methods):
            return []
        found = [self.tables[metric].compare(method, other) for metric in self.known(metrics)]
        return [one for one in found if not math.isnan(one.difference)]

    def ranking(self, metric: str) -> list[str]:
        """Order the methods by their means, the best first."""
        return sorted(self.methods, key=lambda name: self.mean(name, metric), reverse=METRICS[metric].higher_is_better)
