"""Watch a training: what hangs on the loop and decides nothing in it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from torch import nn

from srgan_lib.training.diagnostics import WINDOW, discriminator_warnings, grid_warnings

logger = logging.getLogger(__name__)

Row = Mapping[str, float]


class Observer:
    """Base of all observers; the main process calls each hook, which does nothing unless a subclass defines it."""

    def on_start(self, start: int, curve: Sequence[Row], validation: Sequence[Row]) -> None:
        """See a training begin after ``start`` finished steps, with the rows of its loss and validation curves so far."""

    def on_row(self, curve: Sequence[Row]) -> None:
        """See the loss curve, whose last row is new."""

    def on_validation(self, validation: Sequence[Row], network: nn.Module) -> None:
        """See the validation curve, whose last row is new, and the network that the row is about."""

    def on_step(self, step: int, network: nn.Module) -> None:
        """See the network after ``step`` steps; 0: before the first."""


class Health(Observer):
    """Warns of a discriminator that wins outright or has collapsed, and of a regular pattern that grows; each once."""

    def __init__(self) -> None:
        self._warned: set[str] = set()

    def on_start(self, start: int, curve: Sequence[Row], validation: Sequence[Row]) -> None:
        """Warn of what the rows before an interruption show."""
        self._warn(discriminator_warnings(curve) | grid_warnings(validation))

    def on_row(self, curve: Sequence[Row]) -> None:
        """Warn of what the last rows show."""
        self._warn(discriminator_warnings(curve[-WINDOW:]))

    def on_validation(self, validation: Sequence[Row], network: nn.Module) -> None:
        """Warn of what the rows so far show."""
        self._warn(grid_warnings(validation))

    def _warn(self, found: Mapping[str, str]) -> None:
        for kind, text in found.items():
            if kind not in self._warned:
                self._warned.add(kind)
                logger.warning("%s", text)
