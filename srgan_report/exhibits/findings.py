"""What the figures of photographs and trainings show in this run: a sentence each, computed from what is drawn.

A caption begins with it. ``curve`` and ``validation`` have the rows of ``loss_curve.csv`` and ``validation.csv``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

from srgan_lib.data.levels import luminance
from srgan_lib.formatting import listed, shortlist
from srgan_lib.metrics.measure import METRICS
from srgan_lib.metrics.spectra import PATTERN
from srgan_report.exhibits.content import content
from srgan_report.exhibits.structure import Structure
from srgan_report.exhibits.terms import shares, term_style, weighted_terms

LEVEL = 0.03  #: by which share a loss may change from one tenth of the training to the next and count as level
FEWEST_ROWS = 20  #: of a curve, of whose end something is said
TOLD_APART, GUESSED = 0.9, 0.6  #: shares of crops: from the first on D is hardly deceived, up to the second it guesses
HARDLY = 1.0  #: per cent of the loss below which a term changes hardly anything


def within_training(table: pd.DataFrame, quantities: Mapping[str, str]) -> str:
    """Say which test photographs lie outside the range of the training ones.

    ``table`` has the columns split, image and those of the ``quantities``, of which each is named in words.
    """
    train, test = (table[table.split == part] for part in ("train", "test"))
    outside: dict[str, list[str]] = {}
    for column, name in quantities.items():
        beyond = (test[column] < train[column].min()) | (test[column] > train[column].max())
        for image in test.image[beyond]:
            outside.setdefault(f"<code>{escape(str(image))}</code>", []).append(name)
    words, many = listed(list(quantities.values())), "s" if len(outside) == 1 else ""
    if not outside:
        return f"In {words} all test photographs ({len(test)}) lie within the range of the training ones."
    named = shortlist(f"{image} ({listed(names)})" for image, names in outside.items())
    count = f"{len(outside)} of {len(test)} test photographs lie{many}"
    return f"{count} outside the range of the training ones in {words}: {named}."


def enlarged_again(scores: Mapping[str, Sequence[float]]) -> str:
    """Say how far LR images enlarged by bicubic interpolation are from HR: PSNR-Y by what made them small, in words."""
    psnr = METRICS["psnr_y"]
    parts = [f"{_range(psnr.text, values)} dB{f' ({name})' if name else ''}" for name, values in scores.items()]
    return f"Enlarged again by bicubic interpolation, LR comes to a PSNR-Y of {listed(parts)}."


def lacking_power(table: pd.DataFrame, scale: int) -> float:
    """Average in dB the power that enlarged LR lacks where LR holds nothing; ``table`` is as ``spectra.csv``."""
    beyond = table[table.frequency >= 1 / (2 * scale)]
    return float((10 * np.log10(beyond.hr / beyond.bicubic)).mean())


def lost_power(table: pd.DataFrame, scale: int) -> str:
    """Say how much power enlarged LR lacks; as :func:`lacking_power`."""
    lack = lacking_power(table, scale)
    return (
        f"Above {1 / (2 * scale):.3g} cycles per pixel, which LR cannot hold, enlarged LR has on average "
        f"{abs(lack):.1f} dB {'less' if lack >= 0 else 'more'} power than HR."
    )


def crops(images: Iterable[np.ndarray]) -> str:
    """Say what most of each training crop holds; H×W×3 uint8."""
    kinds = Counter(max(found, key=found.__getitem__) for found in map(content, images))
    each = [f"{number} mostly {kind}" for kind, number in kinds.most_common()]
    return f"Of these {kinds.total()} crops {listed(each).replace(' ', ' are ', 1)}."


def alignment(table: pd.DataFrame) -> str:
    """Say whether the validation pairs are aligned; ``table`` is as ``alignment.csv``."""
    shifted = table[(table.shift_rows != 0) | (table.shift_columns != 0)]
    if shifted.empty:
        return f"All validation pairs ({len(table)}) agree best without a shift."
    names = shortlist(f"<code>{escape(str(image))}</code>" for image in shifted.image)
    return f"Of {len(table)} validation pairs {len(shifted)} agree best when LR is shifted: {names}."


def layers(name: str, table: pd.DataFrame) -> str:
    """Say where most parameters of a network are; ``table`` lists its layers, with the sum in the last row."""
    *rows, total = table.to_dict("records")
    most = max(rows, key=lambda row: row["parameters"])
    share = most["parameters"] / max(total["parameters"], 1)
    times = f", which it has {most['times']} times" if most["times"] > 1 else ""
    return (
        f"<code>{escape(name)}</code> has {total['parameters']:,} parameters, {share:.0%} of them in "
        f"<code>{escape(most['layer'])}</code> ({most['operations']}){times}."
    )


def network(name: str, found: Structure) -> str:
    """Say how deep a network is, and how to read what its drawing has."""
    count = sum(found.times(index) for index in range(len(found.layers)))
    sums = sum(found.times(skip.target) for skip in found.skips)
    ends = ("×".join(map(str, shape)) for shape in (found.input, found.layers[-1].output))
    shapes = "{} (channels×height×width) into {}".format(*ends)
    text = f"<code>{escape(name)}</code> turns {shapes} by {count} layers"
    text += f" with {sums} sum{'s' if sums > 1 else ''} on the way." if sums else ", one after another."
    text += " A circle adds what the line beside it brings." if sums else ""
    return text + (" A dashed frame is repeated." if found.repeats else "")


def losses(curve: pd.DataFrame) -> str:
    """Say how the loss and its terms went, and whether training was at its end."""
    first, before, last = _tenths(curve["loss"])
    change = last / before - 1 if before else 0.0
    end = (
        "still falls at the end" if change < -LEVEL else "rises at the end" if change > LEVEL else "is level at the end"
    )
    text = f"The loss goes from {first:.3g} to {last:.3g} (means of the first and last tenth)"
    text += f" and {end}" if len(curve) >= FEWEST_ROWS else ""
    terms = weighted_terms(curve)
    if len(terms) > 1:
        ways: dict[str, list[str]] = {}
        for term in terms:
            start, _, stop = _tenths(curve[f"{term}_weighted"])
            ways.setdefault("falling" if stop < start else "rising", []).append(term_style(term).label)
        text += "".join(f"; {way}: {', '.join(names)}" for way, names in ways.items())
    return text + "."


def largest_share(curve: pd.DataFrame) -> str:
    """Say which term decides the loss in the last tenth, and whether the adversarial one does anything."""
    table = shares(curve)
    ends = {str(name): _tenths(table[name])[2] for name in table if name != "step"}
    most = max(ends, key=ends.__getitem__)
    text = f"In the last tenth of the training the term {term_style(most).label} is {ends[most]:.0f}% of the loss"
    if "adversarial" in ends and most != "adversarial":
        share = ends["adversarial"]
        text += f", the adversarial one {share:.1f}%"
        text += ", which changes hardly anything" if share < HARDLY else ""
    return text + "."


def game(curve: pd.DataFrame) -> str:
    """Say on how many crops the discriminator is right, from when on, and what that means for the generator."""
    rows = curve.dropna(subset=["d_accuracy_real", "d_accuracy_fake"])
    right = (rows.d_accuracy_real + rows.d_accuracy_fake) / 2
    unsure = np.flatnonzero((right < TOLD_APART).to_numpy())
    start = unsure[-1] + 1 if len(unsure) else 0
    if start > len(rows) // 2:  # no lasting lead: the second half tells
        start = len(rows) // 2
    low, high = right.iloc[start:].min(), right.iloc[start:].max()
    if low >= TOLD_APART:
        meaning = "it tells real from generated, and the generator hardly deceives it"
    elif high <= GUESSED:
        meaning = "it hardly does better than guessing, and has little to teach"
    else:
        meaning = "neither network has won"
    span = f"{low:.0%}" if f"{low:.0%}" == f"{high:.0%}" else f"{100 * low:.0f} to {high:.0%}"
    return f"D is right on {span} of the crops from step {rows.step.iloc[start]:.0f} on: {meaning}."


def epochs(table: pd.DataFrame) -> str:
    """Say how the mean loss went over the epochs; ``table`` is as ``epochs.csv``."""
    first, last = table.iloc[0], table.iloc[-1]
    losses = f"from {first.loss:.3g} to {last.loss:.3g}"
    return f"From epoch {first.epoch:.0f} to epoch {last.epoch:.0f} the mean loss goes {losses}."


def learning(validation: pd.DataFrame, grid: bool = True) -> str:
    """Say where a network's scores on the validation images begin and end, beside bicubic.

    ``grid`` is whether the network can draw a grid.
    """
    psnr, artefact = METRICS["psnr_y"], METRICS["grid_artefact"]
    first, last = validation.iloc[0], validation.iloc[-1]
    gain = validation.psnr_y - validation.psnr_y_bicubic
    text = f"PSNR-Y on the validation images goes from {psnr.text(first.psnr_y)} to {psnr.phrase(last.psnr_y)}, "
    ahead = psnr.phrase(abs(gain.iloc[-1]))
    text += "as bicubic" if ahead == psnr.phrase(0) else f"{ahead} {'above' if gain.iloc[-1] > 0 else 'below'} bicubic"
    behind = np.flatnonzero((gain <= 0).to_numpy())
    if len(behind) and behind[-1] + 1 < len(gain):
        text += f", past which it is from step {validation.step.iloc[behind[-1] + 1]:.0f} on"
    best = validation.iloc[int(validation.psnr_y.argmax())]
    if psnr.text(best.psnr_y) != psnr.text(last.psnr_y):
        text += f"; it was highest at step {best.step:.0f} ({psnr.phrase(best.psnr_y)})"
    if grid and "grid_artefact" in validation:
        text += (
            f"; the grid artefact ends at {artefact.phrase(last.grid_artefact, sign=True)}, where 0 is the original's"
        )
        text += ": look for dots in smooth places" if last.grid_artefact > PATTERN else ""
    return text + "."


def sharpness(patches: Mapping[str, np.ndarray]) -> str:
    """Say how sharp one patch is throughout training: its mean gradient as a share of HR's.

    ``patches`` are H×W×3 uint8 by title: bicubic, the steps in their order, HR.
    """
    mean = {title: float(np.hypot(*np.gradient(luminance(image))).mean()) for title, image in patches.items()}
    bicubic, *steps, hr = mean
    places = {bicubic: "by bicubic", **{title: f"at {title}" for title in (steps[0], steps[-1])}}
    shown = [f"{mean[title] / max(mean[hr], 1e-9):.0%} {words}" for title, words in places.items()]
    return f"Of the original's mean gradient this patch has {listed(shown)}."


def contrasts(layer: str, channels: Sequence[int], maps: np.ndarray) -> str:
    """Say in which of a layer's maps, 2×channels×h×w, the generated image has least and most of HR's contrast."""
    generated, original = maps.std(axis=(2, 3))
    ratio = generated / np.maximum(original, 1e-9)
    least, most = int(ratio.argmin()), int(ratio.argmax())
    return (
        f"In these maps of {layer} the generated image has {ratio[least]:.0%} (channel {channels[least]}) to "
        f"{ratio[most]:.0%} (channel {channels[most]}) of the original's contrast (standard deviation)."
    )


def _range(text: Callable[[float], str], values: Sequence[float]) -> str:
    low, high = text(min(values)), text(max(values))
    return low if low == high else f"{low} to {high}"


def _tenths(values: pd.Series) -> tuple[float, float, float]:
    """Return the means of the first tenth, of the last but one and of the last; of one row at least."""
    size = max(1, len(values) // 10)
    return values.iloc[:size].mean(), values.iloc[-2 * size :][:size].mean(), values.iloc[-size:].mean()
