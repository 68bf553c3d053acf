"""What goes wrong in a training, in plain words: a game that one network has won, a pattern in the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from operator import itemgetter

from srgan_lib.metrics.spectra import PATTERN

WINDOW = 5  #: rows of the loss curve that must agree
SURE = 0.99  #: share of the images
GROWTH = 1.0  #: dB of the grid artefact

Row = Mapping[str, float]


def discriminator_warnings(rows: Sequence[Row]) -> dict[str, str]:
    """Detect from the loss curve where the discriminator dominates or has collapsed.

    It wins outright when it is right about 99 % of the real and of the fake images over five rows: the generator does not
    keep up with it. It has collapsed when it calls 99 % of both the same.

    Parameters
    ----------
    rows : of the loss curve, with ``step``, ``d_accuracy_real`` and ``d_accuracy_fake`` (rows without are skipped).

    Returns
    -------
    A sentence for each of ``"wins"`` and ``"collapsed"`` that occurs, about the first time it does.
    """
    played = [row for row in rows if row.get("d_accuracy_real", -1) >= 0]
    found: dict[str, str] = {}
    for end in range(WINDOW, len(played) + 1):
        kind, text = _judge(played[end - WINDOW : end])
        if kind:
            found.setdefault(kind, text)
    return found


def grid_warnings(rows: Sequence[Row]) -> dict[str, str]:
    """Detect from the validation curve where a regular pattern grows at the frequencies of the pixel shuffle's grid.

    Parameters
    ----------
    rows : of the validation curve, with ``step`` and ``grid_artefact`` in dB (rows without are skipped).

    Returns
    -------
    A sentence for ``"grid"`` about the first two rows in succession that are above 3 dB and 1 dB above the lowest before,
    and do not fall, if there are any.
    """
    known = [row for row in rows if not math.isnan(row.get("grid_artefact", math.nan))]
    level = itemgetter("grid_artefact")
    for last in range(2, len(known)):
        before, row, lowest = known[last - 1], known[last], min(known[: last - 1], key=level)
        if level(row) >= level(before) > max(PATTERN, level(lowest) + GROWTH):
            return {
                "grid": f"a regular pattern of dots grows: the grid artefact rises from {_signed(level(lowest))} dB at "
                f"step {lowest['step']:.0f} to {_signed(level(row))} dB at step {row['step']:.0f}, and the originals "
                "have 0; LPIPS does not see it. What helps a generator is more grid_weight, or less content_weight, which rewards it"
            }
    return {}


def _signed(decibels: float) -> str:
    return f"{decibels:+.1f}".replace("-", "\N{MINUS SIGN}")


def _judge(window: Sequence[Row]) -> tuple[str, str]:
    real = [row["d_accuracy_real"] for row in window]
    fake = [row["d_accuracy_fake"] for row in window]
    when = f"from step {window[0]['step']:.0f} to {window[-1]['step']:.0f}"
    if min(real + fake) >= SURE:
        return "wins", (
            f"the discriminator wins outright {when}: it is right about {SURE:.0%} of the images, and the "
            "generator does not keep up; raise discriminator_every or lower discriminator_learning_rate"
        )
    for side, other, answer in ((real, fake, "real"), (fake, real, "fake")):
        if min(side) >= SURE and max(other) <= 1 - SURE:
            return "collapsed", (
                f"the discriminator has collapsed {when}: it calls all images {answer}, so the adversarial term says "
                "nothing; lower learning_rate, or set discriminator_every to 1 and raise discriminator_learning_rate"
            )
    return "", ""
