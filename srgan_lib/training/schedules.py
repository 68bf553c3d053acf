"""Learning-rate schedules, as factors of the peak rate: pure functions of how far training is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from srgan_lib.params.training import Schedule

WARMING = 0.3  #: share of the steps in which one_cycle rises
FIRST, LAST = 1 / 25, 1e-4 / 25  #: one_cycle's factors at the start and at the end


def learning_rate_factor(
    kind: Schedule, step: int, steps: int, milestones: Sequence[float] = (), factor: float = 1.0
) -> float:
    """Return the factor of the learning rate at ``step`` (from 0) of ``steps``.

    Parameters
    ----------
    kind : ``constant``; ``step``: multiplied by ``factor`` at each milestone; ``cosine``: from 1 to 0 (Loshchilov &
        Hutter 2017); ``one_cycle``: up from 1/25 to 1 in the first 30 %, then down to almost 0, both along a cosine
        (Smith & Topin 2019).
    milestones : fractions of ``steps``.
    """
    progress = step / steps
    if kind == "step":
        return factor ** sum(progress >= milestone for milestone in milestones)
    if kind == "cosine":
        return _between(1.0, 0.0, progress)
    if kind == "one_cycle":
        if progress < WARMING:
            return _between(FIRST, 1.0, progress / WARMING)
        return _between(1.0, LAST, (progress - WARMING) / (1 - WARMING))
    return 1.0


def _between(start: float, end: float, progress: float) -> float:
    """Interpolate from ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
