"""Plan a study: the smallest difference that so many raters and images can show, from simulated studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from srgan_lib.opinion.ratings import difference
from srgan_lib.opinion.simulation import Observers, simulate_study

POWER = 0.8  #: probability with which the smallest detectable difference is found
#: The middle of the scale, where its ends do not press differences together.
MIDDLE = 3.0
DIFFERENCES = np.arange(0.1, 2.01, 0.05)


def power(
    gap: float, raters: int, images: int, observers: Observers, studies: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Estimate how often a study shows a difference of two methods: its interval lies on the right side of 0.

    Returns
    -------
    For these images, and for images of this kind.
    """
    found = np.zeros(2)
    for _ in range(studies):
        votes = simulate_study([MIDDLE - gap / 2, MIDDLE + gap / 2], raters, images, observers, rng).votes
        mean = difference(votes, 1, 0)
        found += [mean.value - mean.half_these > 0, mean.value - mean.half_kind > 0]
    return found[0] / studies, found[1] / studies


def detectable(
    raters: int, images: int, observers: Observers, studies: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Find the smallest difference of two methods that a study finds in four of five cases.

    It is sought on the grid :data:`DIFFERENCES` by halving, for these images and for images of this kind; NaN beyond it.
    """
    results = []
    for which in (0, 1):
        low, high = -1, len(DIFFERENCES)
        while high - low > 1:
            middle = (low + high) // 2
            enough = power(DIFFERENCES[middle], raters, images, observers, studies, rng)[which] >= POWER
            low, high = (low, middle) if enough else (middle, high)
        results.append(float(DIFFERENCES[high]) if high < len(DIFFERENCES) else np.nan)
    return results[0], results[1]


def power_table(
    raters: Sequence[int],
    images: Sequence[int],
    observers: Observers,
    studies: int = 400,
    seed: int = 0,
    on_step: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Tabulate the smallest detectable difference.

    Returns
    -------
    Columns raters, images, these (for these images), kind (for images of this kind): differences in grades.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for count in raters:
        for shown in images:
            rows.append([count, shown, *detectable(count, shown, observers, studies, rng)])
            if on_step:
                on_step(len(rows), len(raters) * len(images))
    return pd.DataFrame(rows, columns=["raters", "images", "these", "kind"])
