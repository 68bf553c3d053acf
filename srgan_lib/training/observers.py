"""Watch a training: what hangs on the loop and decides nothing in it; what goes wrong, in plain words; TensorBoard."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from torch import nn

from srgan_lib.errors import PackageMissing
from srgan_lib.metrics.spectra import PATTERN

logger = logging.getLogger(__name__)

WINDOW = 5  #: rows of the loss curve that must agree
SURE = 0.99  #: share of the images
GROWTH = 1.0  #: dB of the grid artefact

Row = Mapping[Any, float]  #: of a curve, by column
Kind = Literal["train", "validation"]  #: of a curve: losses, or scores of the validation images


class Observer:
    """Base of all observers; the main process calls each hook, which does nothing unless a subclass defines it."""

    def on_start(self, start: int, curve: Sequence[Row], scores: Sequence[Row]) -> None:
        """See a training begin after ``start`` finished steps, with its loss and validation curves' rows so far."""

    def on_row(self, kind: Kind, rows: Sequence[Row], network: nn.Module) -> None:
        """See a curve, whose last row is new, and the network that is validated."""

    def on_step(self, step: int, network: nn.Module) -> None:
        """See the network after ``step`` steps; 0: before the first."""


class Health(Observer):
    """Warns of a discriminator that wins outright or has collapsed, and of a regular pattern that grows; each once."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def on_start(self, start: int, curve: Sequence[Row], scores: Sequence[Row]) -> None:
        """Warn of what the rows before an interruption show."""
        self._warn(discriminator_warnings(curve) | grid_warnings(scores))

    def on_row(self, kind: Kind, rows: Sequence[Row], network: nn.Module) -> None:
        """Warn of what the rows so far show."""
        self._warn(discriminator_warnings(rows[-WINDOW:]) if kind == "train" else grid_warnings(rows))

    def _warn(self, found: Mapping[str, str]) -> None:
        for kind, text in found.items():
            if kind not in self._warned:
                self._warned.add(kind)
                logger.warning("%s", text)


class TensorBoard(Observer):
    """Writes scalars as TensorBoard's event files into a folder; ``tensorboard --logdir`` takes it or one above.

    Raises ``PackageMissing`` when training starts, if tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_start(self, start: int, curve: Sequence[Row], scores: Sequence[Row]) -> None:
        """Open the event files; what an interrupted training wrote of steps after ``start`` is hidden."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise PackageMissing(
                "tensorboard: the package is not installed; install it (pip install tensorboard), or set "
                "shared.tensorboard to false (loss_curve.csv and validation.csv hold the same curves)"
            ) from None
        self.writer = SummaryWriter(str(self.folder), purge_step=start + 1)

    def on_row(self, kind: Kind, rows: Sequence[Row], network: nn.Module) -> None:
        """Write the new row as ``train/<value>`` or ``validation/<value>``."""
        for name, value in rows[-1].items():
            if name != "step":
                self.writer.add_scalar(f"{kind}/{name}", value, rows[-1]["step"])
        self.writer.flush()


def discriminator_warnings(rows: Sequence[Row]) -> dict[str, str]:
    """Detect from the loss curve where the discriminator dominates or has collapsed; rows without one are skipped.

    It wins outright when it is right about 99 % of the real and of the fake images over five rows: the generator does
    not keep up with it. It has collapsed when it calls 99 % of both the same. Returns a sentence for each of ``"wins"``
    and ``"collapsed"`` that occurs, about the first time it does.
    """
    played = [row for row in rows if row.get("d_accuracy_real", -1) >= 0]
    found: dict[str, str] = {}
    for end in range(WINDOW, len(played) + 1):
        window = played[end - WINDOW : end]
        real, fake = ([row[f"d_accuracy_{kind}"] for row in window] for kind in ("real", "fake"))
        when = f"from step {window[0]['step']:.0f} to {window[-1]['step']:.0f}"
        if min(real + fake) >= SURE:
            found.setdefault(
                "wins",
                f"the discriminator wins outright {when}: it is right about {SURE:.0%} of the images, and the "
                "generator does not keep up; raise discriminator_every or lower discriminator_learning_rate",
            )
        for side, other, answer in ((real, fake, "real"), (fake, real, "fake")):
            if min(side) >= SURE and max(other) <= 1 - SURE:
                found.setdefault(
                    "collapsed",
                    f"the discriminator has collapsed {when}: it calls all images {answer}, so the adversarial term "
                    "says nothing; lower learning_rate, or set discriminator_every to 1 and raise "
                    "discriminator_learning_rate",
                )
    return found


def grid_warnings(rows: Sequence[Row]) -> dict[str, str]:
    """Detect from the validation curve where a regular pattern grows at the frequencies of the pixel shuffle's grid.

    Returns a sentence for ``"grid"`` about the first two rows in succession whose ``grid_artefact`` is above 3 dB and
    1 dB above the lowest before, and does not fall, if there are any; rows without it are skipped.
    """
    known = [row for row in rows if not math.isnan(row.get("grid_artefact", math.nan))]
    level = itemgetter("grid_artefact")
    for last in range(2, len(known)):
        before, row, lowest = known[last - 1], known[last], min(known[: last - 1], key=level)
        if level(row) >= level(before) > max(PATTERN, level(lowest) + GROWTH):
            return {
                "grid": f"a regular pattern of dots grows: the grid artefact rises from {_signed(level(lowest))} dB at "
                f"step {lowest['step']:.0f} to {_signed(level(row))} dB at step {row['step']:.0f}, and the originals "
                "have 0; LPIPS does not see it. What helps a generator is more grid_weight, or less content_weight, "
                "which rewards it"
            }
    return {}


def _signed(decibels: float) -> str:
    return f"{decibels:+.1f}".replace("-", "\N{MINUS SIGN}")
