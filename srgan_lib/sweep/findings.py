"""Put a comparison into words, computed from its scores: effects, variance over seeds, and the winner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from srgan_lib.metrics.registry import METRICS
from srgan_lib.sweep.expansion import Factor
from srgan_lib.sweep.statistics import Contrast, contrast, over_seeds

COMPARED = ("psnr_y", "lpips_squeeze", "lpips_alex")  #: what a comparison speaks of
NOTHING_COMMON = (
    "The settings were not judged on the same images, so they cannot be compared; give evaluation.test_sets a set that "
    "all of them have, such as Set5."
)


@dataclass(frozen=True)
class Effect:
    """What a factor changes.

    Attributes
    ----------
    contrast : of the two levels that are compared.
    claim : what changes by how much, and whether that exceeds the spread over seeds; a sentence without its full stop.
    evidence : what may follow the claim: the interval and the standard deviation.
    """

    contrast: Contrast
    claim: str
    evidence: str


@dataclass(frozen=True)
class Winner:
    """The best setting by the stated rule, with the words that say so."""

    setting: str
    metric: str
    rule: str
    text: str


def computed(rows: pd.DataFrame, names: Sequence[str] = COMPARED) -> list[str]:
    """Name the metrics that every run has."""
    return [name for name in names if name in rows and len(rows) and rows[name].notna().all()]


def finding(rows: pd.DataFrame, factors: Sequence[Factor]) -> str:
    """Sum up a comparison in at most three sentences: its first effects, or the variance over seeds alone."""
    found = [effect(rows, factor, metric) for factor in factors for metric in computed(rows)]
    return " ".join(([f"{one.claim}." for one in found if one] or seed_variances(rows))[:3])


def effects(rows: pd.DataFrame, factor: Factor) -> list[str]:
    """Say what a factor changes, in a sentence for each metric; none where fewer than two levels have finished runs."""
    found = [effect(rows, factor, metric) for metric in computed(rows)]
    return [f"{one.claim}{one.evidence}." for one in found if one]


def seed_variances(rows: pd.DataFrame) -> list[str]:
    """Say how much the seed alone changes, in a sentence for each metric; that nothing is comparable, if so."""
    return [seed_variance(rows, metric) for metric in computed(rows)] or [NOTHING_COMMON]


def effect(rows: pd.DataFrame, factor: Factor, metric: str) -> Effect | None:
    """Compare a factor's smallest number with its largest, or its worst level with its best.

    Returns
    -------
    None where fewer than two levels have finished runs.
    """
    measure = METRICS[metric]
    present = [level for level in factor.levels if (rows[factor.name] == level).any()]
    if len(present) < 2:
        return None
    if factor.numbers:
        number = dict(zip(factor.levels, factor.numbers, strict=True))
        a, b = min(present, key=number.__getitem__), max(present, key=number.__getitem__)
        found = contrast(rows, metric, factor.name, a, b)
        begin = f"From {factor.short} {a} to {b}, {measure.label} {_moves(found.difference, metric)}"
    else:
        means = over_seeds(rows, metric, factor.name)["mean"].sort_values(ascending=measure.higher_is_better)
        a, b = means.index[0], means.index[-1]
        found = contrast(rows, metric, factor.name, a, b, candidates=len(present))
        begin = f"Between {factor.short} {a} and {b}, the worst and the best, {measure.label} {_moves(found.difference, metric)}"
    verdict, evidence = _judged(found, metric)
    return Effect(found, begin + verdict, evidence)


def seed_variance(rows: pd.DataFrame, metric: str) -> str:
    """Say how far two runs of one setting may lie apart by their seeds alone."""
    measure = METRICS[metric]
    pooled = rows.groupby("setting")[metric]
    counts = pooled.count()
    if (counts < 2).all():
        return f"{measure.label}: each setting has one seed only, so the variance over seeds is unknown; give several under seeds."
    freedom = (counts - 1).sum()
    std = float(((pooled.var() * (counts - 1)).sum() / freedom) ** 0.5)
    from scipy.stats import t

    apart = t.ppf(0.975, freedom) * std * 2**0.5
    return (
        f"{measure.label}: runs that differ in the seed only have a standard deviation of {_fine(std, metric)}. Two single "
        f"runs may differ by {_fine(apart, metric)} by chance alone (19 times in 20)."
    )


def winner(rows: pd.DataFrame, by: Sequence[str]) -> Winner | None:
    """Name the setting with the best mean over seeds by the first metric of the rule that was computed.

    Returns
    -------
    None where no metric of the rule was computed.
    """
    names = computed(rows, by)
    if not names:
        return None
    metric = names[0]
    measure = METRICS[metric]
    means = over_seeds(rows, metric)["mean"].sort_values(ascending=not measure.higher_is_better, kind="stable")
    order = ", else ".join(METRICS[name].label for name in by)
    skipped = (
        f" ({', '.join(METRICS[name].label for name in by[: by.index(metric)])} was not computed)"
        if metric != by[0]
        else ""
    )
    best = "highest" if measure.higher_is_better else "lowest"
    rule = f"the {best} mean {measure.label} over seeds{skipped}; the rule of this sweep is {order}"
    text = f"{means.index[0]}: {measure.label} {measure.phrase(means.iloc[0])}"
    if len(means) > 1:
        found = contrast(rows, metric, "setting", means.index[1], means.index[0], candidates=len(means))
        text += f", against {measure.phrase(means.iloc[1])} for {means.index[1]}, the second{''.join(_judged(found, metric))}"
    return Winner(means.index[0], metric, rule, f"{text}.")


def _moves(difference: float, metric: str) -> str:
    measure = METRICS[metric]
    if _fine(difference, metric) == _fine(0, metric):
        return "stays the same"
    better = (difference > 0) == measure.higher_is_better
    return f"{'rises' if difference > 0 else 'falls'} by {_fine(abs(difference), metric)} ({'better' if better else 'worse'})"


def _judged(found: Contrast, metric: str) -> tuple[str, str]:
    """Judge a difference against the seeds: the verdict, and the evidence for it."""
    if not found.known:
        return "; without several seeds in common, whether that is more than chance is unknown", ""
    return (
        f", which {'exceeds' if found.exceeds else 'does not exceed'} the spread over seeds",
        f": 95 % interval of the difference {_fine(found.low, metric, True)} to {_fine(found.high, metric, True)}, "
        f"standard deviation over seeds {_fine(found.std, metric)}",
    )


def _fine(value: float, metric: str, sign: bool = False) -> str:
    """Format a difference with one decimal more than the values themselves have."""
    measure = METRICS[metric]
    text = f"{value:{'+' if sign else ''}z.{measure.digits + 1}f}".replace("-", "\N{MINUS SIGN}")
    return f"{text} {measure.unit}".rstrip()
