"""Look at each thing once while planning."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Value = TypeVar("Value")


class Snapshot:
    """What planning has read from the disk, each thing once: a thousand runs are planned from one state of it."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, Any] = {}

    def get(self, what: Hashable, read: Callable[[], Value]) -> Value:
        """Return what ``read`` gives, which is called only when ``what`` is asked for the first time."""
        if what not in self._seen:
            self._seen[what] = read()
        return self._seen[what]
