"""Doing something often, but never for more than a small share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """Lets an action happen as often as a share of all time permits, by what it cost before.

    Parameters
    ----------
    share : of the time since the start that the action may take, e.g. 0.01.
    expected : seconds that the first go is expected to take.
    clock : gives the time in seconds.

    Attributes
    ----------
    spent : seconds that the action has taken so far.
    """

    def __init__(self, share: float, expected: float = 0.0, clock: Callable[[], float] = time.perf_counter) -> None:
        self.share = share
        self.spent = 0.0
        self._clock = clock
        self._longest = expected
        self._began = clock()

    def try_to(self, act: Callable[[], None]) -> bool:
        """Act, unless another go as long as the longest would take more than the share; says whether it did."""
        start = self._clock()
        if self.spent + self._longest > self.share * (start - self._began):
            return False
        act()
        took = self._clock() - start
        self.spent += took
        self._longest = max(self._longest, took)
        return True
