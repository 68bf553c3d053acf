"""Put a comparison into words, computed from its scores: effects, variance over seeds, and the winner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from srgan_lib.evaluation.statistics import student_quantile
from srgan_lib.formatting import counted, listed
from srgan_lib.metrics.measure import METRICS
from srgan_report.sweep.expansion import Factor
from srgan_report.sweep.statistics import Contrast, contrast, over_seeds

COMPARED = ("psnr_y", "lpips_squeeze", "lpips_alex")  #: what a comparison speaks of
SEEDS_TO_SPLIT = 4  #: from so many on, half of the seeds choose the winner and the others judge it
MOST_EFFECTS = 3  #: told in the finding
UNMOVED = "stays the same"  #: of a difference that is written as zero
NOTHING_COMMON = (
    "The settings were not judged on the same images, so they cannot be compared; give evaluation.test_sets a set that "
    "all of them have, such as Set5."
)


@dataclass(frozen=True)
class Effect:
    """What a factor changes, as the contrast of two of its levels and in words."""

    contrast: Contrast
    begin: str  # of the claim, up to the metric's label
    claim: str  # what changes by how much, and whether that exceeds the spread over seeds; without a full stop
    inner: Contrast | None = None  # of the worst and the best, where the best is none of the two levels


@dataclass(frozen=True)
class Winner:
    """The best setting on the validation images by the stated rule, with the words that say so."""

    setting: str
    metric: str  # by which it was chosen
    rule: str  # which scores chose it
    choice: str  # what these scores were
    advantage: Contrast | None  # over the second best, on the test images; none where a run of either is missing
    verdict: str  # what the test images say, and which runs were judged

    @property
    def clear(self) -> bool:
        """Whether the test images confirm the choice by more than the spread over seeds."""
        return self.advantage is not None and _better(self.advantage) == self.setting

    @property
    def shown(self) -> dict[str, Any]:
        """What the head of the report needs, as plain JSON."""
        return {name: getattr(self, name) for name in ("setting", "metric", "clear")}

    @property
    def text(self) -> str:
        """The whole paragraph."""
        name = f"Winner: {self.setting}" if self.clear else f"No clear winner. First by the rule: {self.setting}"
        return f"{name}, by {self.rule}: {self.choice}. {self.verdict}"


def computed(rows: pd.DataFrame, names: Sequence[str] = COMPARED) -> list[str]:
    """Name the metrics that every run has."""
    return [name for name in names if name in rows and len(rows) and rows[name].notna().all()]


def finding(rows: pd.DataFrame, factors: Sequence[Factor]) -> str:
    """Sum up a comparison: what its first factors change by every metric, or the variance over seeds alone.

    Where the metrics prefer different levels of a factor, the sentence before them says so. At most three effects are
    told, but for those of the first factor, and the other factors are named.
    """
    told = 0
    sentences: list[str] = []
    later: list[str] = []
    for factor in factors:
        found = _all_effects(rows, factor)
        if told and found and told + len(found) > MOST_EFFECTS:
            later.append(factor.short)
            continue
        told += len(found)
        if len({_better(one.contrast) for one in found} - {None}) > 1:
            sentences.append(f"The judges disagree on {factor.short}.")
        sentences += _claims(found)
    if later:
        sentences.append(f"What {listed(later)} changes is told below.")
    return " ".join(sentences or seed_variances(rows)[:MOST_EFFECTS])


def _claims(found: Sequence[Effect]) -> list[str]:
    """State the claims on a factor, a sentence each; one for all where no metric moves between the same two levels."""
    judges = [METRICS[one.contrast.metric].label for one in found]
    still = [f"{found[0].begin}{judge} {UNMOVED}" for judge in judges]
    if len(found) > 1 and [one.claim for one in found] == still:
        return [f"{found[0].begin}{listed(judges)} stay the same."]
    return [f"{one.claim}." for one in found]


def effects(rows: pd.DataFrame, factor: Factor) -> pd.DataFrame:
    """Tabulate what a factor changes by each metric, the evidence of what :func:`finding` says of it.

    A row for the levels that are compared, one more where the best is none of them; none where fewer than two levels
    have finished runs.
    """
    found = [pair for one in _all_effects(rows, factor) for pair in (one.contrast, one.inner) if pair]
    return pd.DataFrame([_evidence(pair) for pair in found])


def _evidence(found: Contrast) -> dict[str, str]:
    fine = partial(_fine, metric=found.metric)
    return {
        "judge": METRICS[found.metric].label,
        "from": found.a,
        "to": found.b,
        "change": f"{fine(found.difference, sign=True)} {_direction(found.difference, found.metric)}",
        "95 % interval": f"{fine(found.low, sign=True)} to {fine(found.high, sign=True)}" if found.known else "–",
        "spread over seeds": fine(found.std) if found.known else "–",
        "more than chance": ("yes" if _better(found) else "no") if found.known else "unknown",
    }


def _all_effects(rows: pd.DataFrame, factor: Factor) -> list[Effect]:
    return [found for metric in computed(rows) if (found := effect(rows, factor, metric))]


def seed_variances(rows: pd.DataFrame) -> list[str]:
    """Say how much the seed alone changes, in a sentence for each metric; that nothing is comparable, if so."""
    return [seed_variance(rows, metric) for metric in computed(rows)] or [NOTHING_COMMON]


def effect(rows: pd.DataFrame, factor: Factor, metric: str) -> Effect | None:
    """Compare a factor's smallest number with its largest, or its worst level with its best.

    The smallest and the largest were chosen beforehand. Where the best number lies between them, it is named, and
    compared with the worst as one that was picked after looking. None where fewer than two levels have finished runs.
    """
    measure = METRICS[metric]
    present = [level for level in factor.levels if (rows[factor.name] == level).any()]
    if len(present) < 2:
        return None
    # Within seeds, as the contrast is: where a run is missing, the plain means compare different seeds.
    means = {level: contrast(rows, metric, factor.name, present[0], level).difference for level in present}
    worst, *_, best = sorted(present, key=means.__getitem__, reverse=not measure.higher_is_better)
    inside, inner = "", None
    if factor.numbers:
        number = dict(zip(factor.levels, factor.numbers, strict=True))
        a, b = min(present, key=number.__getitem__), max(present, key=number.__getitem__)
        found = contrast(rows, metric, factor.name, a, b)
        begin = f"From {factor.short} {a} to {b}, "
        end = a if (means[a] > means[b]) == measure.higher_is_better else b
        if best not in (a, b) and _moves(means[best] - means[end], metric) != UNMOVED:
            peak = contrast(rows, metric, factor.name, end, best, candidates=len(present))
            inside = f"; it is best between, at {best}"
            if peak.known:
                inside += f", {'by more than' if _better(peak) else 'within'} the spread over seeds"
            inner = contrast(rows, metric, factor.name, worst, best, candidates=len(present))
    else:
        found = contrast(rows, metric, factor.name, worst, best, candidates=len(present))
        begin = f"Between {factor.short} {worst} and {best}, the worst and the best, "
    claim = f"{begin}{measure.label} {_moves(found.difference, metric)}{_judged(found)[0]}{inside}"
    return Effect(found, begin, claim, inner)


def seed_variance(rows: pd.DataFrame, metric: str) -> str:
    """Say how far two runs of one setting may lie apart by their seeds alone."""
    label = METRICS[metric].label
    pooled = rows.groupby("setting")[metric]
    counts = pooled.count()
    if (counts < 2).all():
        unknown = "each setting has one seed only, so the variance over seeds is unknown; give several under seeds."
        return f"{label}: {unknown}"
    freedom = (counts - 1).sum()
    std = float(((pooled.var() * (counts - 1)).sum() / freedom) ** 0.5)
    apart = student_quantile(freedom) * std * 2**0.5
    return (
        f"{label}: runs that differ in the seed only have a standard deviation of {_fine(std, metric)}. By chance "
        f"alone, two single runs differ by less than {_fine(apart, metric)} 19 times in 20."
    )


def winner(validation: pd.DataFrame, rows: pd.DataFrame, by: Sequence[str]) -> Winner | None:
    """Choose a setting by the validation images, and judge it once on the test images.

    From four seeds on, half of the seeds choose and the others judge: a seed that happens to give a good network gives
    good scores on all images, so runs that chose would flatter their setting (docs/statistics.md).

    Of the metrics ``by``, the first that was computed on the validation images decides. None where none was, or no
    test images are common to all settings.
    """
    names = computed(validation, by)
    if not names or rows.empty:
        return None
    metric, order = names[0], ", else ".join(METRICS[name].label for name in by)
    measure = METRICS[metric]
    choosing = judging = list(validation.seed.unique())
    apart = len(choosing) >= SEEDS_TO_SPLIT
    if apart:
        half = -(-len(choosing) // 2)
        choosing, judging = choosing[:half], choosing[half:]
    means = over_seeds(validation[validation.seed.isin(choosing)], metric)["mean"]
    means = means.sort_values(ascending=not measure.higher_is_better, kind="stable")
    skipped = ", ".join(METRICS[name].label for name in by[: by.index(metric)])
    rule = (
        f"the {'highest' if measure.higher_is_better else 'lowest'} mean {measure.label} on the "
        f"{counted(validation.n.iloc[0], 'validation image')}, {_seeds(choosing)}"
        f"{f' ({skipped} was not computed)' if skipped else ''}; the rule of this sweep is {order}"
    )
    choice = measure.phrase(means.iloc[0])
    if len(means) == 1:
        return Winner(means.index[0], metric, rule, choice, None, "No other setting finished.")
    first, second = means.index[:2]
    choice += f", against {measure.phrase(means.iloc[1])} for {second}, the second"
    judged = rows[rows.seed.isin(judging)].dropna(subset=[metric])
    if not {first, second} <= set(judged.setting):
        unknown = f"Not both have a {measure.label} on the test images with {_seeds(judging)}."
        return Winner(first, metric, rule, choice, None, unknown)
    candidates = 2 if apart else len(means)
    judges = [metric, *(name for name in computed(judged) if name != metric)]
    found, *others = (contrast(judged, name, "setting", second, first, candidates) for name in judges)
    who = f"{_seeds(judging)}, which did not choose" if apart else "the same runs, whose luck is in both scores"
    verdict = (
        f"On the {counted(rows.n.iloc[0], 'test image')} of {rows.dataset.iloc[0]}, judged by {who}, its "
        f"{_differs(found)}{_judged(found)[1]}."
    )
    if others:
        opposed = any(_better(one) == second for one in others)
        verdict += f" {'The judges disagree: its' if opposed else 'Its'} {'; its '.join(map(_differs, others))}."
    return Winner(first, metric, rule, choice, found, verdict)


def _differs(found: Contrast) -> str:
    """Say how the winner differs from the second by one judge, and whether that exceeds the spread over seeds."""
    label = METRICS[found.metric].label
    if _moves(found.difference, found.metric) == UNMOVED:
        return f"{label} does not differ from the second's"
    change = f"{_fine(found.difference, found.metric, True)} {_direction(found.difference, found.metric)}"
    return f"{label} differs from the second's by {change}{_judged(found)[0]}"


def _seeds(seeds: Sequence[int]) -> str:
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"


def _direction(difference: float, metric: str) -> str:
    return f"({'better' if (difference > 0) == METRICS[metric].higher_is_better else 'worse'})"


def _moves(difference: float, metric: str) -> str:
    if _fine(difference, metric) == _fine(0, metric):
        return UNMOVED
    way = "rises" if difference > 0 else "falls"
    return f"{way} by {_fine(abs(difference), metric)} {_direction(difference, metric)}"


def _better(found: Contrast) -> str | None:
    """Name the level that a metric prefers by more than the seeds' spread, in a difference not written as zero."""
    if not found.exceeds or _moves(found.difference, found.metric) == UNMOVED:
        return None
    return found.b if (found.difference > 0) == METRICS[found.metric].higher_is_better else found.a


def _judged(found: Contrast) -> tuple[str, str]:
    """Judge a difference against the seeds: the verdict, and the evidence for it."""
    if not found.known:
        return "; without several seeds in common, whether that is more than chance is unknown", ""
    unmoved = _moves(found.difference, found.metric) == UNMOVED
    low, high = (_fine(end, found.metric, True) for end in (found.low, found.high))
    return (
        "" if unmoved else f", which {'exceeds' if found.exceeds else 'does not exceed'} the spread over seeds",
        f": 95 % interval of the difference {low} to {high}, "
        f"standard deviation over seeds {_fine(found.std, found.metric)}",
    )


def _fine(value: float, metric: str, sign: bool = False) -> str:
    """Format a difference with one decimal more than the values themselves have."""
    measure = METRICS[metric]
    text = f"{value:{'+' if sign else ''}z.{measure.digits + 1}f}".replace("-", "\N{MINUS SIGN}")
    return f"{text} {measure.unit}".rstrip()
