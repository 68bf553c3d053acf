"""Simulate how often 95 % intervals of a mean contain it: ``python -m benchmarks.coverage`` prints the table of docs/statistics.md.

Samples of n values are drawn from distributions with a known mean; each method computes an interval from each sample.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from scipy import stats

from srgan_lib.evaluation.statistics import mean_intervals

SIZES = (5, 14, 100)
RESAMPLES = 2000
#: Distributions with mean 0: n×m values.
DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "t₃": lambda rng, size: rng.standard_t(3, size),
    "exponential": lambda rng, size: rng.exponential(1, size) - 1,
    "lognormal(1)": lambda rng, size: rng.lognormal(0, 1, size) - np.exp(0.5),
}


def student(samples: np.ndarray) -> np.ndarray:
    """Compute Student's intervals of the columns' means, 2×m."""
    count = len(samples)
    half = stats.t.ppf(0.975, count - 1) * samples.std(axis=0, ddof=1) / np.sqrt(count)
    return np.array([samples.mean(axis=0) - half, samples.mean(axis=0) + half])


def percentile(samples: np.ndarray) -> np.ndarray:
    """Compute percentile bootstrap intervals of the columns' means, 2×m."""
    count = len(samples)
    shares = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
    return np.quantile(shares @ samples, [0.025, 0.975], axis=0)


def bca(samples: np.ndarray) -> np.ndarray:
    """Compute bias-corrected and accelerated bootstrap intervals of the columns' means, 2×m."""
    count = len(samples)
    shares = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
    means = np.sort(shares @ samples, axis=0)
    centred = samples - samples.mean(axis=0)
    acceleration = (centred**3).sum(axis=0) / (6 * (centred**2).sum(axis=0) ** 1.5)
    below = np.clip((means < samples.mean(axis=0)).mean(axis=0), 1 / RESAMPLES, 1 - 1 / RESAMPLES)
    bias = stats.norm.ppf(below)
    ends = []
    for z in np.asarray(stats.norm.ppf([0.025, 0.975])):
        share = stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
        index = np.clip((share * RESAMPLES).astype(int), 0, RESAMPLES - 1)
        ends.append(means[index, np.arange(samples.shape[1])])
    return np.array(ends)


METHODS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "percentile bootstrap": percentile,
    "BCa bootstrap": bca,
    "Student's t": student,
    "studentised bootstrap": lambda samples: mean_intervals(samples, RESAMPLES, 0),
}


def main(samples: int = 20_000) -> None:
    """Print the coverage of every method for every distribution and sample size, as Markdown."""
    print(f"| n | distribution | {' | '.join(METHODS)} |\n|---|---|{'---|' * len(METHODS)}")
    for count in SIZES:
        for name, draw in DISTRIBUTIONS.items():
            values = draw(np.random.default_rng(count), (count, samples))
            parts = np.array_split(values, max(1, samples // 200), axis=1)
            covered = []
            for method in METHODS.values():
                low, high = np.hstack([method(part) for part in parts])
                covered.append(f"{np.mean((low <= 0) & (high >= 0)):.3f}".lstrip("0"))
            print(f"| {count} | {name} | {' | '.join(covered)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
