"""What the figures and tables of an evaluation show in this run: a sentence each, computed from what is shown.

A caption begins with it. ``scores`` are those of one dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import numpy as np
import pandas as pd

from srgan_lib.evaluation.verdicts import PairedScores
from srgan_lib.formatting import listed
from srgan_lib.methods import BASELINE, OURS, label_of
from srgan_lib.metrics.measure import HEADLINE, METRICS
from srgan_lib.models.shipped import own_methods
from srgan_report.exhibits.content import content
from srgan_report.exhibits.tables import ranked

JUDGES = (*HEADLINE, "lpips_squeeze", "niqe")  #: by which the worst image is looked for
#: What the verdict on a method against the baseline is called.
VERDICTS = {
    "better": "better",
    "worse": "worse",
    "unchanged": "no measurable difference",
    "open": "left open by these images",
}
NOTABLE = 0.1  #: the share of an image's blocks from which a kind of content is named


def best(scores: PairedScores) -> str:
    """Say which of the run's methods is best by which measure; equal ones as they are printed share it."""
    means = {
        name: {method: scores.mean(method, name) for method in ranked(scores.methods, name)} for name in scores.tables
    }
    return f"Best of this run: {_winners(means)}."


def against_baseline(scores: PairedScores, metric: str) -> str:
    """Sort the methods by the verdict on their difference from the baseline."""
    found: dict[str, list[str]] = {}
    for method in scores.methods:
        for verdict in scores.compare(method, BASELINE, [metric]) if method != BASELINE else ():
            found.setdefault(verdict.direction, []).append(label_of(method))
    each = [f"{words}: {listed(found[direction])}" for direction, words in VERDICTS.items() if direction in found]
    return f"By {METRICS[metric].label}, beside {BASELINE}, {'; '.join(each)}." if each else ""


def on_every_image(scores: PairedScores) -> str:
    """Name the methods that are better than the baseline on every single image."""
    won = []
    for name in scores.known(HEADLINE):
        found = {m: scores.compare(m, BASELINE, [name]) for m in scores.methods if m != BASELINE}
        names = [label_of(method) for method, [*one] in found.items() if one and one[0].better_on == one[0].images]
        won += [f"by {METRICS[name].label} {listed(names)}"] if names else []
    if not won:
        return f"No method is better than {BASELINE} on every image, by whichever of these measures."
    return f"Better than {BASELINE} on every image: {'; '.join(won)}."


def spreads(scores: PairedScores) -> str:
    """Say whether images or methods differ more: the standard deviation of the images' means and of the methods'."""
    each: dict[str, list[str]] = {}
    for name in scores.known(HEADLINE) if scores.images > 1 else ():
        values, metric = scores.tables[name].values.mean(axis=0), METRICS[name]
        with np.errstate(invalid="ignore"):  # equal images have an infinite PSNR
            of_images, of_methods = values.mean(axis=1).std(), values.mean(axis=0).std()
        if np.isfinite([of_images, of_methods]).all():
            more = "images" if of_images > of_methods else "methods"
            values = f"{metric.text(of_images)} over images, {metric.text(of_methods)} over methods"
            each.setdefault(more, []).append(f"{metric.label} ({values})")
    said = [f"{more} differ more by {listed(measures)}" for more, measures in each.items()]
    return (
        f"{said[0].capitalize()[0]}{'; '.join(said)[1:]}, as the standard deviations of their means tell."
        if said
        else ""
    )


def one_image(hr: np.ndarray, scores: Mapping[str, Mapping[str, float]]) -> str:
    """Compare SRGAN with the baseline on one image, and say what it holds; ``scores`` are by method and metric."""
    each = []
    for name in ("lpips_alex", "psnr_y"):
        metric = METRICS[name]
        ours, base = (round(scores.get(method, {}).get(name, np.nan), metric.digits) for method in (OURS, BASELINE))
        if np.isfinite([ours, base]).all():
            way = "higher" if ours > base else "lower"
            amount = "equal" if ours == base else f"{metric.phrase(abs(ours - base))} {way}"
            each.append(f"{metric.label} is {amount}")
    compared = f"; against {BASELINE}'s, {label_of(OURS)}'s {listed(each)}" if each else ""
    return f"{holds(hr)}{compared}."


def holds(image: np.ndarray) -> str:
    """List what much of an image is, e.g. ``edges 42%, flat 29%``."""
    found = sorted(content(image).items(), key=lambda one: -one[1])
    return ", ".join(f"{kind} {share:.0%}" for kind, share in found if share >= NOTABLE)


def nearest(scores: Mapping[str, Mapping[str, float]], names: Iterable[str]) -> str:
    """Say which method is nearest the original by each metric, on a part of an image: ``SRGAN by LPIPS (alex)``."""
    return _winners({name: {method: values.get(name, np.nan) for method, values in scores.items()} for name in names})


def powers(table: pd.DataFrame, scale: int) -> str:
    """Say what power the run's networks and the baseline lack where LR holds nothing: dB by frequency and method."""
    beyond = table[table.index >= 0.5 / scale]
    chosen = [m for m in own_methods(table.columns) if m in ("srcnn", "warmup", OURS, BASELINE)]
    each = []
    for method in sorted(chosen, key=lambda one: (beyond[one] - beyond["hr"]).mean()):
        gap = (beyond[method] - beyond["hr"]).mean()
        each.append(f"{label_of(method)} {abs(gap):.1f} dB {'less' if gap < 0 else 'more'}")
    return f"Power above {0.5 / scale:.3g} cycles per pixel, on average and beside HR's: {listed(each)}."


def front(table: pd.DataFrame, x: str, y: str) -> list[str]:
    """Find the run's methods than which no other of them is better in one column and at least as good in the other.

    ``table`` has a row per method and the columns ``x``, of which more is better, and ``y``, of which less is.
    """
    rows = table.loc[own_methods(table.index)]
    behind = [
        bool((((rows[x] >= row[x]) & (rows[y] <= row[y])) & ((rows[x] > row[x]) | (rows[y] < row[y]))).any())
        for _, row in rows.iterrows()
    ]
    return [str(method) for method, dominated in zip(rows.index, behind, strict=True) if not dominated]


def plane(table: pd.DataFrame, y: str) -> str:
    """Name the methods on the front, and how adversarial training moved the generator; ``table`` is as for ``front``.

    ``y`` is ``niqe`` or, relative to the baseline, ``lpips_alex``.
    """
    names = [label_of(method) for method in front(table, "psnr_y", y)]
    if not names:
        return ""
    text = f"On the front, where no other method of this run is better in both, {'lies' if len(names) == 1 else 'lie'} "
    text += f"{listed(names)}"
    if {"warmup", OURS} <= set(table.index):
        gained = METRICS["psnr_y"].phrase(table.psnr_y[OURS] - table.psnr_y["warmup"], sign=True)
        start, end = table[y]["warmup"], table[y][OURS]
        niqe = f"{METRICS['niqe'].text(end - start, sign=True)} NIQE"
        then = niqe if y == "niqe" else f"to {end / start:.2f} times its LPIPS"
        text += f"; adversarial training moved the generator by {gained} PSNR-Y and {then}"
    return text + "."


def between(tried: pd.DataFrame) -> str:
    """Say at which share of the adversarial weights a detail is best; ``tried`` is as ``between.csv``."""
    each = []
    for name in ("psnr_y", "lpips_alex"):
        values = tried[name].to_dict() if name in tried else {}
        known = {row: value for row, value in values.items() if np.isfinite(value)}
        if known:
            shares = [f"{tried.share[row]:.0%}" for row in _leaders(known, name)]
            every = len(shares) == len(known) > 1
            each.append(f"by {METRICS[name].label} with {'any share' if every else listed(shares)}")
    return f"This detail is best {', '.join(each)} of the adversarial weights." if each else ""


def worst(metrics: pd.DataFrame, images: Mapping[str, np.ndarray]) -> tuple[pd.DataFrame, str]:
    """Find by each judge the image on which SRGAN gains least over the baseline, or loses most, and what it holds.

    ``metrics`` are the rows of ``metrics.csv`` of one dataset, ``images`` the originals by name. With the table (judge,
    image, both methods' scores, change, image holds), empty where one was not judged, comes its finding.
    """
    rows, lost = [], []
    for name in (one for one in JUDGES if one in metrics):
        metric, table = METRICS[name], metrics.pivot(index="image", columns="method", values=name)
        gain = (table[OURS] - table[BASELINE] if {OURS, BASELINE} <= set(table) else pd.Series(dtype=float)).dropna()
        if gain.empty:
            continue
        image = str(gain.idxmin() if metric.higher_is_better else gain.idxmax())
        ours, base, change = table[OURS][image], table[BASELINE][image], gain[image]
        lost += [metric.label] if change != 0 and (change < 0) == metric.higher_is_better else []
        cells = metric.text(ours), metric.text(base), metric.text(change, sign=True)
        rows.append((metric.heading, image, *cells, holds(images[image])))
    frame = pd.DataFrame(rows, columns=["judge", "image", label_of(OURS), BASELINE, "change", "image holds"])
    if frame.empty:
        return frame, ""
    counts = frame.image.value_counts()
    names = [f"<code>{escape(str(image))}</code> ({count} of {len(frame)} judges)" for image, count in counts.items()]
    there = f"it loses there by {listed(lost)}" if lost else "by no judge does it lose there"
    return frame, f"{label_of(OURS)} gains least over {BASELINE} on {listed(names)}; {there}."


def costs(table: pd.DataFrame) -> str:
    """Say what SRGAN, or else the last network, costs beside the one with the fewest operations."""
    rows = table.set_index("method")
    method = OURS if OURS in rows.index else str(rows.index[-1])
    least = str(rows.operations.idxmin())
    one = rows.loc[method]
    text = (
        f"{label_of(method)} takes {one.operations / 1e6:.2f} million multiply–adds per LR pixel, "
        f"and here {one.milliseconds / 1000:.2f} s and {one.mebibytes:.0f} MiB per megapixel"
    )
    if rows.operations[least] < one.operations:
        text += f"; {label_of(least)} has the fewest operations, {rows.operations[least] / one.operations:.0%} of that"
    return text + "."


def _winners(values: Mapping[str, Mapping[str, float]]) -> str:
    """List the methods that lead by some metric, each with its metrics; ``values`` are by metric and method."""
    won: dict[str, list[str]] = {}
    for name, known in values.items():
        for method in _leaders(known, name):
            won.setdefault(method, []).append(METRICS[name].label)
    return "; ".join(f"{label_of(method)} by {listed(measures)}" for method, measures in won.items())


def _leaders(values: Mapping, name: str) -> list:
    """Find the keys of the best value by a metric, and of all that are printed like it."""
    metric = METRICS[name]
    most = metric.best(values.values())
    return [] if most is None else [key for key, value in values.items() if metric.text(value) == metric.text(most)]
