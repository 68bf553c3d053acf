"""What training remembers of itself: the values of each step, averaged into the rows of the loss curve."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from srgan_lib.errors import SrganError
from srgan_lib.training.processes import all_reduce_mean

#: A loss term this many times that of the first step has exploded (first terms below 1e-3 count as 1e-3).
EXPLOSION = 1000.0
#: What the values begin with that are no loss terms: gradients' norms, and the discriminator's beliefs and accuracy.
STATISTICS = ("grad_", "d_")


class Diverged(SrganError):
    """A loss term or a gradient is no finite number any more, or has exploded, in a step counted from 1."""

    def __init__(self, message: str, term: str = "", step: int = 0) -> None:
        super().__init__(message)  # alone, so that it can travel between processes
        self.term, self.step = term, step


class History:
    """Collects the scalars of each step where they are and reads them only when asked, so that no step waits."""

    def __init__(self) -> None:
        #: Rows of ``loss_curve.csv``: ``step`` and the mean of each value over the steps since the row before.
        self.curve: list[dict[str, float]] = []
        self.scores: list[dict[str, float]] = []  #: rows of ``validation.csv``
        self._first: dict[str, float] = {}
        self._pending: dict[str, list[float]] = {}
        self._unread: list[tuple[int, dict[str, Tensor]]] = []

    def add(self, step: int, values: Mapping[str, Tensor]) -> None:
        """Take the values of one step: scalar tensors, left on their device."""
        self._unread.append((step, {name: value.detach() for name, value in values.items()}))

    def read(self) -> None:
        """Fetch all values not read yet, in one transfer, as means over all processes.

        Raises :class:`Diverged` at the first that is not finite or has exploded.
        """
        if not self._unread:
            return
        labels = [(step, name) for step, values in self._unread for name in values]
        values = torch.stack([value.float() for _, values in self._unread for value in values.values()])
        self._unread = []
        all_reduce_mean([values])
        for (step, name), value in zip(labels, values.tolist(), strict=True):
            limit = EXPLOSION * max(abs(self._first.setdefault(name, value)), 1e-3)
            if not math.isfinite(value) or (abs(value) > limit and not name.startswith(STATISTICS)):
                what = f"has exploded to {value:.3g}" if math.isfinite(value) else f"is {value}"
                raise Diverged(f"{name} {what} at step {step}", name, step)
            self._pending.setdefault(name, []).append(value)

    def close_row(self, step: int) -> dict[str, float]:
        """End an interval: append the mean of everything read since the last row, and return it."""
        row = {"step": step, **{name: math.fsum(values) / len(values) for name, values in self._pending.items()}}
        self._pending = {}
        self.curve.append(row)
        return row

    def state(self) -> dict[str, Any]:
        """Return everything read so far, as plain JSON."""
        return {"curve": self.curve, "validation": self.scores, "first": self._first, "pending": self._pending}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state` gave."""
        self.curve, self.scores = state["curve"], state["validation"]
        self._first, self._pending = state["first"], state["pending"]
