"""What a report says first: one plain sentence, three figures, what the judges say apart, and how a start was changed.

All of it is computed from the scores of the first test set. A difference is called none only as
:mod:`srgan_lib.evaluation.verdicts` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from srgan_lib.evaluation.statistics import FEWEST_FOR_INTERVAL
from srgan_lib.evaluation.verdicts import APPEARANCE, FIDELITY, PairedScores, Verdict
from srgan_lib.formatting import counted, duration, listed
from srgan_lib.methods import BASELINE, OURS, label_of
from srgan_lib.metrics.measure import METRICS
from srgan_lib.models.shipped import NAMES, PREFIX
from srgan_report.exhibits.conclusion import ADDED, FEW_STEPS, STARTED_FROM, pattern, speckle
from srgan_report.exhibits.conclusion import NAMES as JUDGES
from srgan_report.report.load_run import FinishedRun

LIKENESS, EXACTNESS = APPEARANCE[0], FIDELITY[0]  #: the judges of the first two figures


@dataclass(frozen=True)
class Tile:
    """A figure of the first screen: what it is, and what it was computed from."""

    value: str
    what: str
    detail: str


def lead(run: FinishedRun) -> str:
    """Say in one plain sentence what was done, what came out and how sure it is."""
    dataset = run.scores.datasets[0]
    scores, parameters = run.scores.paired(dataset), run.manifest["parameters"]
    found = scores.compare(OURS, BASELINE, [LIKENESS]) or scores.compare(OURS, BASELINE, [EXACTNESS])
    if not found:
        return run.finding
    [one] = found
    start, photographs = start_in_words(run), counted(scores.images, "photograph")
    both = ["warmup", "adversarial"]  # SRCNN's time is not the generator's
    seconds = sum(stage.manifest["seconds"] for stage in run.stages if stage.info.name in both)
    seen = f"{photographs} that it had never seen" if dataset == run.scores.heldout else f"{photographs} of {dataset}"
    sentence = (
        f"SRGAN{f', which continues {start},' if start else ''} was trained here for {duration(seconds)} to enlarge "
        f"photographs {parameters['shared']['scale']}×; its images of {seen} are {_result(one)} than ordinary "
        f"(bicubic) enlargements, {_sureness(one)}."
    )
    trained = both[1:] if start else both
    if any(parameters[stage]["steps"] < FEW_STEPS for stage in trained):
        sentence = f"Trained too briefly to judge the method: {sentence}"
    return sentence


def _result(one: Verdict) -> str:
    """Say how much better SRGAN is than bicubic, or worse; ends before *than*."""
    if one.direction == "unchanged":
        return "not measurably closer to the originals"
    better = one.seen == "better"
    if one.metric == EXACTNESS:
        return (
            f"{METRICS[one.metric].phrase(abs(one.difference))} {'closer' if better else 'less close'} to the originals"
        )
    return f"{_share(one)} to the originals"


def _share(one: Verdict) -> str:
    """The difference as a share of the other method's mean, e.g. ``25 % closer``; the share is left out if it is 0."""
    share = f"{abs(one.difference / one.other):.0%}".replace("%", "\N{NO-BREAK SPACE}%") if one.other else ""
    return f"{share} {'closer' if one.seen == 'better' else 'less close'}".removeprefix("0\N{NO-BREAK SPACE}% ").strip()


def _sureness(one: Verdict) -> str:
    """Say by which judge, on how many images, and whether that settles it."""
    text = f"by {METRICS[one.metric].label.partition(' ')[0]}"
    if one.direction != "unchanged":
        text += f" on {one.worse_on if one.seen == 'worse' else one.better_on} of {one.images}"
    if one.images < FEWEST_FOR_INTERVAL:
        return f"{text}, which is too few to be sure"
    return f"{text}, which does not settle it" if one.direction == "open" else text


def tiles(scores: PairedScores) -> list[Tile]:
    """Compare SRGAN with bicubic in three figures: likeness, exactness, and how far they carry."""
    likeness, exactness = (scores.compare(OURS, BASELINE, [metric]) for metric in (LIKENESS, EXACTNESS))
    shown = []
    for one in likeness:
        value = "no measurable change" if one.direction == "unchanged" else _share(one)
        shown.append(Tile(value, "to the originals in look than bicubic", _detail(one)))
    if exactness and not likeness:
        shown.append(Tile("not computed", "likeness to the originals, LPIPS", "needs AlexNet’s weights"))
    for one in exactness:
        value = METRICS[one.metric].phrase(one.difference, sign=True)
        shown.append(Tile(value, "in exactness, pixel by pixel, against bicubic", _detail(one)))
    for one in (likeness or exactness)[:1]:
        shown.append(_carries(one, scores.trainings))
    return shown


def _detail(one: Verdict) -> str:
    """The judge, both means and on how many images SRGAN is better."""
    label = METRICS[one.metric].label.partition(" ")[0]
    return f"{label} {one.means}, better on {one.better_on} of {one.images}"


def _carries(one: Verdict, trainings: int) -> Tile:
    """How far the first figure carries: its interval, as a share of bicubic's mean or in the metric's unit."""
    trained = "one training; the luck of another is not in it"
    if trainings > 1:
        trained = f"{trainings} trainings of each network"
    source = f"from {counted(one.images, 'photograph')} and {trained}"
    if one.images < FEWEST_FOR_INTERVAL:
        return Tile("not sure", "too few photographs for an interval", source)
    ends = sorted([one.low, one.high])
    if one.metric == LIKENESS and one.other:
        low, high = (f"{-100 * end / one.other:+z.0f}".replace("-", "−") for end in ends[::-1])
        unit, which = "%", "first figure"
    else:
        low, high = (METRICS[one.metric].text(end, sign=True) for end in ends)
        unit, which = METRICS[one.metric].unit, "difference"
    value = f"{low} to {high}\N{NO-BREAK SPACE}{unit}".strip()
    return Tile(value, f"where the {which} would lie for other photographs (95 %)", source)


def apart(scores: PairedScores) -> str:
    """Say by which judges SRGAN is better than bicubic and than its start, and what no judge of likeness sees."""
    sentences = []
    for other, name in ((BASELINE, "bicubic"), (STARTED_FROM, "the warm-up network, from which its training started")):
        found = scores.compare(OURS, other, [*APPEARANCE, *FIDELITY])
        said = [
            f"{words} by {listed([JUDGES[one.metric] for one in found if one.seen == seen])}"
            for seen, words in ADDED.items()
            if any(one.seen == seen for one in found)
        ]
        if said:
            comma = "," if other == STARTED_FROM else ""
            disagree = " the judges disagree:" if len(said) > 1 else ""
            sentences.append(f"Against {name}{comma}{disagree} SRGAN is {listed(said)}.")
    if (level := pattern(scores)) is not None:
        sentences.append(f"SRGAN draws a regular pattern ({METRICS['grid_artefact'].phrase(level, sign=True)}).")
    if (levels := speckle(scores)) is not None:
        most = METRICS["flat_noise"].phrase(levels.max(), sign=True)
        sentences.append(f"SRGAN speckles smooth places (up to {most}).")
    return " ".join(sentences)


def start_in_words(run: FinishedRun) -> str:
    """The trained network that the run continues, e.g. ``the shipped srresnet``; empty where it begins afresh."""
    start = run.manifest["parameters"]["warmup"].get("start")
    return f"the shipped {start}" if start in NAMES else start or ""


def start_method(run: FinishedRun) -> str:
    """The name of that network in the tables; empty where it was not judged."""
    name = f"{PREFIX}{run.manifest['parameters']['warmup'].get('start')}"
    return name if name in run.scores.methods else ""


def changes(run: FinishedRun, metrics: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """Tabulate what the run made of the network it continues: its means, then each paired difference from them."""
    start = start_method(run)
    if not start:
        return []
    scores = run.scores.paired(run.scores.datasets[0])
    known = scores.known(metrics)
    rows = [(f"{label_of(start)}, the start", [METRICS[name].text(scores.mean(start, name)) for name in known])]
    for method in (STARTED_FROM, OURS):
        found = scores.compare(method, start, known)
        told = [
            f"{METRICS[one.metric].text(one.difference, sign=True)}, better on {one.better_on} of {one.images}"
            for one in found
        ]
        rows += [(label_of(method), told)] if told else []
    return rows
