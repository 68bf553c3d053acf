"""Simulate 95 % intervals of mean differences: ``python -m benchmarks.coverage`` prints docs/statistics.md's tables.

Samples of n values are drawn, with replacement, from the differences between every two shipped methods on the images of
BSD100 (``results/reference/metrics.csv``) and from textbook distributions. Each method computes an interval from each
sample: how often does it hold the true mean, and how wide is it beside Student's?
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from srgan_lib.evaluation.statistics import lengthened
from srgan_lib.layout import project_root

SIZES = (4, 5, 7, 10, 14, 20, 50)
TEXTBOOK_SIZES = (5, 14, 100)
METRICS = ("psnr_y", "ssim_y", "lpips_alex", "lpips_squeeze", "grid_artefact")
RESAMPLES = 999
#: Distributions with mean 0: n×m values.
DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "t₃": lambda rng, size: rng.standard_t(3, size),
    "exponential": lambda rng, size: rng.exponential(1, size) - 1,
    "lognormal(1)": lambda rng, size: rng.lognormal(0, 1, size) - np.exp(0.5),
}
Ends = tuple[np.ndarray, np.ndarray]


def student(samples: np.ndarray) -> Ends:
    """Compute Student's intervals of the columns' means."""
    half = stats.t.ppf(0.975, len(samples) - 1) * samples.std(axis=0, ddof=1) / len(samples) ** 0.5
    return samples.mean(axis=0) - half, samples.mean(axis=0) + half


def ours(samples: np.ndarray) -> Ends:
    """Compute Student's intervals, lengthened as the library does."""
    low, high = student(samples)
    return lengthened((low + high) / 2, (high - low) / 2, len(samples))


def johnson(samples: np.ndarray) -> Ends:
    """Shift Student's intervals by the skewness (Johnson, "Modified t tests", JASA 73, 1978)."""
    low, high = student(samples)
    shift = stats.skew(samples) * samples.std(axis=0, ddof=1) / (6 * len(samples))
    return low + shift, high + shift


def hall(samples: np.ndarray) -> Ends:
    """Correct t for skewness by a monotone cubic (Hall, "Removal of skewness by transformation", JRSS B 54, 1992)."""
    count, (low, high) = len(samples), student(samples)
    error = samples.std(axis=0, ddof=1) / count**0.5
    skewness = stats.skew(samples, bias=False) / count**0.5
    quantile = (high - low) / 2 / error
    ends = [3 * (np.cbrt(1 + skewness * (q - skewness / 6)) - 1) / skewness for q in (quantile, -quantile)]
    return samples.mean(axis=0) - ends[0] * error, samples.mean(axis=0) - ends[1] * error


def bca(samples: np.ndarray) -> Ends:
    """Compute bias-corrected and accelerated bootstrap intervals (Efron 1987)."""
    means = np.sort(_shares(len(samples)) @ samples, axis=0)
    centred = samples - samples.mean(axis=0)
    acceleration = (centred**3).sum(axis=0) / (6 * (centred**2).sum(axis=0) ** 1.5)
    below = np.clip((means < samples.mean(axis=0)).mean(axis=0), 1 / RESAMPLES, 1 - 1 / RESAMPLES)
    bias = stats.norm.ppf(below)
    ends = []
    for z in np.asarray(stats.norm.ppf([0.025, 0.975])):
        share = stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
        index = np.clip((share * RESAMPLES).astype(int), 0, RESAMPLES - 1)
        ends.append(means[index, np.arange(samples.shape[1])])
    return ends[0], ends[1]


def studentised(samples: np.ndarray) -> Ends:
    """Compute studentised bootstrap intervals (Efron & Tibshirani 1993, section 12.5)."""
    shares, mean, centred = _shares(len(samples)), samples.mean(axis=0), samples - samples.mean(axis=0)
    error = centred.std(axis=0, ddof=1) / len(samples) ** 0.5
    shifts = shares @ centred
    variances = shares @ centred**2 - shifts**2
    errors = np.sqrt(np.where(variances > 1e-12 * error**2, variances, 0) / (len(samples) - 1))
    ratios = np.where(shifts == 0, 0.0, shifts / errors)
    low, high = np.quantile(ratios, [0.025, 0.975], axis=0, method="nearest")
    return mean - high * error, mean - low * error


def bounded(samples: np.ndarray) -> Ends:
    """Keep the ends of studentised bootstrap intervals within twice Student's distance from the mean."""
    (low, high), (inner, outer), mean = studentised(samples), student(samples), samples.mean(axis=0)
    return np.maximum(low, 2 * inner - mean), np.minimum(high, 2 * outer - mean)


METHODS: dict[str, Callable[[np.ndarray], Ends]] = {
    "Student's t": student,
    "Johnson": johnson,
    "Hall": hall,
    "BCa": bca,
    "studentised": studentised,
    "studentised, bounded": bounded,
    "lengthened t": ours,
}


def real_differences(metrics: pd.DataFrame) -> dict[str, np.ndarray]:
    """Collect by metric the differences between every two methods on BSD100, images × pairs."""
    rows = metrics[metrics.dataset == "BSD100"]
    found = {}
    for name in METRICS:
        table = rows.pivot(index="image", columns="method", values=name)
        pairs = [table[a] - table[b] for a, b in itertools.combinations(rows.method.unique(), 2)]
        found[name] = np.array(pairs).T
    return found


def _shares(count: int) -> np.ndarray:
    """How often each of so many values is in each resample, as shares that sum to 1."""
    return np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES) / count


def _on_real_tables(samples: int) -> None:
    tables = real_differences(pd.read_csv(project_root() / "results" / "reference" / "metrics.csv"))
    print("coverage, mean over pairs of methods (worst pair); width / Student's, median (largest)\n")
    print(f"| n | method | {' | '.join(METRICS)} | width |\n|---|---|{'---|' * len(METRICS)}---|")
    for count in SIZES:
        for label, method in METHODS.items():
            cells, ratios = [], []
            for table in tables.values():
                covered = []
                for column in table.T:
                    draws = column[np.random.default_rng(count).integers(0, len(column), (count, samples))]
                    draws = draws[:, np.ptp(draws, axis=0) > 0]
                    (low, high), (inner, outer) = method(draws), student(draws)
                    covered.append(np.mean((low <= column.mean()) & (column.mean() <= high)))
                    ratios.append((high - low) / (outer - inner))
                cells.append(f"{np.mean(covered):.3f} ({min(covered):.3f})")
            width = np.concatenate(ratios)
            cells.append(f"{np.median(width):.2f} ({width.max():.2f})")
            print(f"| {count} | {label} | {' | '.join(cells)} |", flush=True)


def _on_textbook_distributions(samples: int) -> None:
    print(f"\n| n | distribution | {' | '.join(METHODS)} |\n|---|---|{'---|' * len(METHODS)}")
    for count in TEXTBOOK_SIZES:
        for name, draw in DISTRIBUTIONS.items():
            parts = np.array_split(draw(np.random.default_rng(count), (count, samples)), samples // 500, axis=1)
            covered = []
            for method in METHODS.values():
                low, high = np.hstack([method(part) for part in parts])
                covered.append(f"{np.mean((low <= 0) & (high >= 0)):.3f}".lstrip("0"))
            print(f"| {count} | {name} | {' | '.join(covered)} |", flush=True)


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with np.errstate(divide="ignore", invalid="ignore"):
        _on_real_tables(chosen)
        _on_textbook_distributions(4 * chosen)
