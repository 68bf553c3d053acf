"""Simulate sweeps in which luck decides: ``python -m benchmarks.luck`` prints the table of docs/statistics.md.

All settings are equal. A network's luck, its seed's, shows on validation and on test images to a shared degree; the
rest of each score is luck of its own. The setting with the best mean on the validation images is compared with the
second on the test images.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats

CASES = [(settings, seeds, shared) for settings, seeds in ((2, 8), (5, 8), (5, 4)) for shared in (0.0, 0.5, 1.0)]


def advantage(validation: np.ndarray, test: np.ndarray, choose: slice, judge: slice) -> tuple[float, bool]:
    """Compute the chosen setting's advantage over the second, and whether its 95 % interval holds 0.

    Parameters
    ----------
    validation, test : settings×seeds scores.
    choose, judge : which seeds do what.
    """
    first, second = np.argsort(-validation[:, choose].mean(axis=1))[:2]
    scores = test[:, judge]
    settings, seeds = scores.shape
    left = scores - scores.mean(axis=1, keepdims=True) - scores.mean(axis=0) + scores.mean()
    freedom = (settings - 1) * (seeds - 1)
    error = np.sqrt((left**2).sum() / freedom * 2 / seeds)
    found = float(scores[first].mean() - scores[second].mean())
    return found, abs(found) <= stats.t.ppf(0.975, freedom) * error


def main(sweeps: int = 4000) -> None:
    """Print the mean advantage in standard deviations over seeds, and how often its interval holds 0, as Markdown."""
    ways = {"all choose and judge": (1.0, 0.0), "half choose, half judge": (0.5, 0.5)}
    heads = " | ".join(f"{way}: advantage | holds 0" for way in ways)
    print(f"| settings | seeds | shared | {heads} |\n|---|---|---|{'---|' * 2 * len(ways)}")
    for settings, seeds, shared in CASES:
        rng = np.random.default_rng(0)
        found: dict[str, list[tuple[float, bool]]] = {way: [] for way in ways}
        for _ in range(sweeps):
            luck = rng.normal(size=(settings, seeds))
            validation, test = (
                shared**0.5 * luck + (1 - shared) ** 0.5 * rng.normal(size=luck.shape) for _ in range(2)
            )
            for way, (end, start) in ways.items():
                part = slice(round(end * seeds)), slice(round(start * seeds), None)
                found[way].append(advantage(validation, test, *part))
        cells = (
            f"{np.mean(column):.{digits}f}"
            for rows in found.values()
            for column, digits in zip(zip(*rows, strict=True), (2, 3), strict=True)
        )
        print(f"| {settings} | {seeds} | {shared:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
