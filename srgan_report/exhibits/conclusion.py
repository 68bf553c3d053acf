"""Compose the conclusion of a run: sentences computed from its scores, the finding first.

A comparison of two methods names every judge, and for a few images on how many of them the method is better, once where
two judges count alike. Where the judges disagree its first sentence says so. A difference is called none only where its
interval holds zero and the images disagree (:mod:`srgan_lib.evaluation.verdicts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from srgan_lib.evaluation.methods import CLASSICAL
from srgan_lib.evaluation.statistics import FEWEST_FOR_INTERVAL, FEWEST_FOR_TEST
from srgan_lib.evaluation.verdicts import APPEARANCE, FIDELITY, PairedScores, Verdict
from srgan_lib.formatting import counted, listed
from srgan_lib.methods import BASELINE, OURS, label_of
from srgan_lib.metrics.flat_noise import SPECKLE
from srgan_lib.metrics.measure import METRICS
from srgan_lib.metrics.spectra import PATTERN
from srgan_lib.models.shipped import own_methods

STARTED_FROM = "warmup"  #: the generator that the training of ours started from
MOST_EQUALS = 2  #: methods named beside the most faithful one, from which these images do not tell them apart
TRAININGS = {"srcnn": "SRCNN", "warmup": "warm-up", "adversarial": "adversarial training"}
FEW_STEPS = 30  #: a training of fewer steps says nothing of the method
#: What a verdict of the judges of appearance means, for two methods, and for what a training added.
NEARNESS = {"better": "closer", "worse": "less close", "unchanged": "no measurable change"}
ADDED = {"better": "better", "worse": "worse", "unchanged": "not measurably different"}
#: Shorter than the headings of tables: a conclusion speaks of one SSIM only.
NAMES = {name: METRICS[name].label for name in METRICS} | {"ssim_y": "SSIM-Y"}


def conclude(
    summary: pd.DataFrame,
    metrics: pd.DataFrame,
    repeats: pd.DataFrame | None = None,
    *,
    scale: int,
    heldout: str = "",
    steps: Mapping[str, int] | None = None,
    not_computed: Mapping[str, str] | None = None,
) -> list[str]:
    """Compose a short conclusion: for each dataset the finding and a paragraph, then what was not computed.

    The first paragraph is the finding on the first dataset: the report opens with it. A sentence about a method that
    was not judged is left out, and of the reference models nothing is said.

    Parameters
    ----------
    summary, metrics, repeats : as ``metrics_summary.csv``, ``metrics.csv`` and ``repeats.csv``.
    scale : enlargement factor.
    heldout : the dataset of whose other images the networks were trained.
    steps : of the stages that trained.
    not_computed : by metric, the reason.
    """
    paragraphs = []
    own = own_methods(metrics.method.unique())
    summary, metrics = summary[summary.method.isin(own)], metrics[metrics.method.isin(own)]
    for dataset, scores in PairedScores.of_all(metrics, repeats).items():
        paragraphs.append(_finding(scores, dataset, scale, heldout, steps or {}))
        details = [
            _as_sentence(_against(scores, OURS, STARTED_FROM)),
            _as_sentence(_faithful(scores, FIDELITY[1:])),
            _nearest(scores),
            _spectrum(scores),
            _certainty(summary[(summary.dataset == dataset) & (summary.metric == "psnr_y")]),
            _trainings(scores),
        ]
        paragraphs.append(" ".join(filter(None, details)))
    missing = [f"{METRICS[name].label} was not computed: {reason}." for name, reason in (not_computed or {}).items()]
    return paragraphs + ([" ".join(missing)] if missing else [])


def set_in_words(dataset: str, images: int, heldout: str) -> str:
    """Name a test set with its size, e.g. ``5 held-out photographs`` or ``Set5 (5 images)``."""
    held_out = dataset == heldout
    return counted(images, "held-out photograph") if held_out else f"{dataset} ({counted(images, 'image')})"


def _finding(scores: PairedScores, dataset: str, scale: int, heldout: str, steps: Mapping[str, int]) -> str:
    """Say what SRGAN gains and loses against the baseline, what its training added, and what is most faithful."""
    images = set_in_words(dataset, scores.images, heldout)
    if scores.images < FEWEST_FOR_INTERVAL:
        images += ", too few to tell a difference from chance,"
    sentences = [
        _behind(scores),
        _against(scores, OURS, BASELINE),
        _added(scores),
        _pattern(scores, scale),
        _speckle(scores),
    ]
    sentences.append(_faithful(scores, FIDELITY[:1]))
    if not scores.known(APPEARANCE):
        sentences.append("LPIPS, which judges what PSNR does not see, was not computed")
    first, *others = filter(None, sentences)
    first = f"on {images} enlarged {scale}×, {first}"
    few = [f"{number} steps of {TRAININGS[stage]}" for stage, number in steps.items() if number < FEW_STEPS]
    if few:
        first = f"trained too briefly to judge the method ({listed(few)}): {first}"
    return " ".join(map(_as_sentence, [first, *others]))


def _behind(scores: PairedScores) -> str:
    """Say which classical method is ahead of SRGAN by a judge of appearance, if one is."""
    if OURS not in scores.methods:
        return ""
    ahead: dict[str, list[str]] = {}
    for metric in scores.known(APPEARANCE):
        best = next((name for name in scores.ranking(metric) if name in CLASSICAL), OURS)
        for found in scores.compare(best, OURS, [metric]):
            if found.direction == "better":
                ahead.setdefault(label_of(best), []).append(f"{NAMES[metric]} ({found.means})")
    untrained = f"which needs no training, is ahead of {label_of(OURS)} by"
    return listed([f"{name}, {untrained} {listed(values)}" for name, values in ahead.items()])


def _against(scores: PairedScores, method: str, other: str) -> str:
    """Compare two methods by every judge."""
    appearance = scores.compare(method, other, APPEARANCE)
    fidelity = _fidelity(scores.compare(method, other, FIDELITY))
    name, opponent = label_of(method), label_of(other)
    if not appearance:
        return f"compared with {opponent}, {name} has {fidelity}" if fidelity else ""
    directions = {one.direction for one in appearance}
    values = _judges(appearance, lambda one: (NAMES[one.metric], one.means))
    if directions == {"unchanged"}:
        text = f"{name} and {opponent} show no measurable difference by {values}"
    elif directions in ({"better"}, {"worse"}):
        first = appearance[0]
        share = f"{abs(1 - first.mean / first.other):.0%} ".removeprefix("0% ") if first.other else ""
        text = f"{name} comes {share}{NEARNESS[first.seen]} to the originals than {opponent} by {values}"
    else:
        told = _judges(appearance, lambda one: (f"{NEARNESS[one.seen]} by {NAMES[one.metric]}", one.means), ", ")
        question = f"whether {name} is closer to the originals than {opponent}: {told}"
        apart = len({one.seen for one in appearance}) > 1
        text = f"the judges disagree on {question}" if apart else f"these images cannot settle {question}"
    return text + (f", with {fidelity}" if fidelity else "")


def _added(scores: PairedScores) -> str:
    """Say where adversarial training brought the generator no closer to the originals by some judge of appearance."""
    found = scores.compare(OURS, STARTED_FROM, APPEARANCE)
    if {one.direction for one in found} <= {"better"}:
        return ""
    groups = [(words, [one for one in found if one.seen == seen]) for seen, words in ADDED.items()]
    said = [f"{words} by {_judges(group, lambda one: (NAMES[one.metric], ''))}" for words, group in groups if group]
    disagree = "the judges disagree: " if len(said) > 1 else ""
    return (
        f"against the {label_of(STARTED_FROM)} network, from which its training started, "
        f"{disagree}{label_of(OURS)} is {listed(said)}"
    )


def pattern(scores: PairedScores) -> float | None:
    """Measure in dB the regular pattern in SRGAN's images; none where it was not looked for, or is too weak to name."""
    judged = OURS in scores.methods and scores.known(["grid_artefact"])
    level = scores.mean(OURS, "grid_artefact") if judged else 0.0
    return level if level > PATTERN else None


def speckle(scores: PairedScores) -> np.ndarray | None:
    """Measure in dB the noise in smooth places of each of SRGAN's images; none where no image has much of it."""
    judged = OURS in scores.methods and scores.known(["flat_noise"])
    levels = scores.tables["flat_noise"].of(OURS).mean(0) if judged else np.zeros(1)
    return levels if levels.max() > SPECKLE else None


def _pattern(scores: PairedScores, scale: int) -> str:
    """Warn of a regular pattern in SRGAN's images, which the judges of appearance do not see."""
    level = pattern(scores)
    if level is None:
        return ""
    return (
        f"{label_of(OURS)} draws a regular pattern with a period of {scale} pixels, "
        f"{METRICS['grid_artefact'].phrase(level, sign=True)} over the originals' level, which LPIPS does not see: "
        "look at smooth areas and strong edges at 300 %"
    )


def _speckle(scores: PairedScores) -> str:
    """Warn of noise in smooth places of SRGAN's images, which LPIPS takes for texture, if one image has much of it."""
    if (levels := speckle(scores)) is None:
        return ""
    mean, most = (METRICS["flat_noise"].phrase(level, sign=True) for level in (levels.mean(), levels.max()))
    where = scores.tables["flat_noise"].images[levels.argmax()] + (f"; {mean} in the mean" if len(levels) > 1 else "")
    return (
        f"{label_of(OURS)} speckles smooth places, by up to {most} over the original's level ({where}), which LPIPS "
        "can take for texture: look there at 300 %"
    )


def _fidelity(verdicts: Sequence[Verdict]) -> str:
    """List what faithfulness is gained or lost; ``but`` stands where the measures disagree."""

    def told(one: Verdict) -> tuple[str, str]:
        measure, name = METRICS[one.metric], NAMES[one.metric]
        if one.direction == "unchanged":
            return f"no measurable change in {name}", measure.phrase(one.difference, sign=True)
        return f"{measure.phrase(abs(one.difference))} {'more' if one.difference > 0 else 'less'} {name}", ""

    return _judges(verdicts, told, " but " if len({one.seen for one in verdicts}) > 1 else " and ")


def _faithful(scores: PairedScores, judges: Iterable[str]) -> str:
    """Name the most faithful method by each judge, with those not to be told from it, or the next and how far ahead."""
    clauses = []
    for metric in scores.known(judges):
        best, *others = scores.ranking(metric)
        against = {name: scores.compare(name, best, [metric]) for name in others}
        equal = [name for name, found in against.items() if found and found[0].direction == "unchanged"]
        next_best = [(name, one.notes) for name in others[:1] for one in scores.compare(best, name, [metric])]
        ahead = [f"ahead of {label_of(name)} {notes.removeprefix('better ')}" for name, notes in next_best if notes]
        value = {name: METRICS[metric].phrase(scores.mean(name, metric)) for name in (best, *equal)}
        if not equal:
            said = f"is {label_of(best)}{_noted(value[best], *ahead)}"
        elif len(equal) > MOST_EQUALS:
            said = f"is {label_of(best)} ({value[best]}), with no measurable difference from {len(equal)} other methods"
        else:
            values = [f"{label_of(name)} ({value[name]})" for name in value]
            said = f"are, with no measurable difference, {listed(values)}"
        clauses.append(f"by {NAMES[metric]} the most faithful {said}")
    return "; ".join(clauses)


def _nearest(scores: PairedScores) -> str:
    """Explain why LPIPS favours nearest-neighbour enlargement, where it does."""
    found = scores.compare("nearest", BASELINE, ["lpips_alex"])
    if not found or found[0].direction != "better":
        return ""
    loss = scores.compare("nearest", BASELINE, ["psnr_y"])
    cost = f", although its PSNR-Y differs by {METRICS['psnr_y'].phrase(loss[0].difference, sign=True)}" if loss else ""
    return (
        f"LPIPS (alex) prefers nearest to bicubic{_noted(found[0].means, found[0].notes)}{cost}: the edges of its "
        "blocks are sharp, and the network's features miss the contrast that smooth interpolation lacks more than they "
        "mind where it lies."
    )


def _spectrum(scores: PairedScores) -> str:
    """State how much of the originals' spectrum SRGAN restores, beside the baseline.

    Not a ranking of all methods: the false edges of nearest-neighbour enlargement have power at all frequencies too.
    """
    found = scores.compare(OURS, BASELINE, ["log_spectral_distance"])
    if not found:
        return ""
    metric, [one] = METRICS["log_spectral_distance"], found
    return (
        f"The power spectrum of {label_of(OURS)} is {metric.phrase(one.mean)} from that of the originals, "
        f"{label_of(BASELINE)}'s {metric.phrase(one.other)}."
    )


def _certainty(rows: pd.DataFrame) -> str:
    """State how far the scores carry beyond these images; ``rows`` is the summary of PSNR-Y."""
    method = OURS if OURS in set(rows.method) else str(rows.method.iloc[-1])
    row = rows[rows.method == method].iloc[0]
    if row.n == 1:
        return "One image says nothing about others."
    if row.n < FEWEST_FOR_INTERVAL:
        return f"{row.n} images are too few for intervals: other images could turn any of these differences around."
    low, high, without = (METRICS["psnr_y"].text(value) for value in (row.ci_low, row.ci_high, row.mean_without))
    text = f"The mean PSNR-Y of {label_of(method)} has a 95 % interval of {low} to {high} dB"
    if row.ci_high - row.ci_low > 1:
        text += f", wide because images differ; without {row.driven_by} the mean would be {without} dB"
    if row.n < FEWEST_FOR_TEST:
        text += f". With {row.n} images no rank test can reach p < 0.05"
    return text + "."


def _trainings(scores: PairedScores) -> str:
    """Say whether the luck of training is in the scores."""
    if OURS not in scores.methods:
        return ""
    if scores.trainings > 1:
        return (
            f"Each network was trained {scores.trainings} times under other seeds; means are over these trainings, and "
            "differences are judged against the spread over images and over trainings."
        )
    return (
        "Each network was trained once: how far another seed would move these scores is not in them "
        "(repeats=3 shows it)."
    )


def _judges(verdicts: Sequence[Verdict], told: Callable[[Verdict], tuple[str, str]], joint: str = " and ") -> str:
    """Say what each judge says, with its notes in brackets; notes that two judges share are said once, after both.

    ``told`` gives what is said of one judge, and what is noted beside it.
    """
    notes = {one.notes for one in verdicts}
    shared = notes.pop() if len(verdicts) > 1 and len(notes) == 1 else ""
    parts = [
        words + _noted(beside, "" if shared else one.notes)
        for one, (words, beside) in zip(verdicts, map(told, verdicts), strict=True)
    ]
    return joint.join(parts) + (f", both {shared}" if shared else "")


def _noted(*parts: str) -> str:
    """Put what there is to note into brackets."""
    return f" ({', '.join(filter(None, parts))})" if any(parts) else ""


def _as_sentence(text: str) -> str:
    return text and f"{text[0].upper()}{text[1:]}."
