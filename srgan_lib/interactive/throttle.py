"""Doing something often, but never for more than a small share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Throttle:
    """Lets an action happen as often as a share of all time permits, by what it cost before.

    Parameters
    ----------
    share : of the time since the start that the action may take, e.g. 0.01.
    expected : seconds that the first go is expected to take.
    clock : gives the time in seconds.
    effort : gives the seconds that this thread has worked, so that a laptop that sleeps in the middle of the action
        does not make it look expensive.

    Attributes
    ----------
    spent : seconds that the action has taken so far.
    """

    def __init__(
        self,
        share: float,
        expected: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
        effort: Callable[[], float] = time.thread_time,
    ) -> None:
        self.share = share
        self.spent = 0.0
        self._clock = clock
        self._effort = effort
        self._longest = expected
        self._began = clock()

    def run(self, act: Callable[[], None]) -> bool:
        """Act, unless another go as long as the longest would take more than the share; says whether it did."""
        if self.spent + self._longest > self.share * (self._clock() - self._began):
            return False
        start = self._effort()
        act()
        took = self._effort() - start
        self.spent += took
        self._longest = max(self._longest, took)
        return True
