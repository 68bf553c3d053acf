"""Hear what the library logs: modules log to ``logging.getLogger(__name__)``, and a listener shows or keeps the texts.

A warning is what the user should know; information is what was chosen or is being fetched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from srgan_lib.formatting import printable

LIBRARY = logging.getLogger("srgan_lib")  #: the logger above those of all modules


class Listener(logging.Handler):
    """Passes each text that the library logs, from ``level`` on, to a function, once."""

    def __init__(self, on_text: Callable[[str], None], level: int = logging.WARNING) -> None:
        super().__init__(level)
        self.on_text = on_text
        self._heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on a text that has not been heard yet; names in it are escaped, and so is what a terminal obeys."""
        if isinstance(record.args, tuple):
            record.args = tuple(printable(one) if isinstance(one, str | Path) else one for one in record.args)
        text = printable(self.format(record), keep="\n")
        if text not in self._heard:
            self._heard.add(text)
            self.on_text(text)


@contextmanager
def listening(on_text: Callable[[str], None], level: int = logging.WARNING) -> Iterator[None]:
    """Pass on what the library logs inside; parameters as for :class:`Listener`."""
    listener, before = Listener(on_text, level), LIBRARY.level
    LIBRARY.addHandler(listener)
    LIBRARY.setLevel(min(level, LIBRARY.getEffectiveLevel()))
    try:
        yield
    finally:
        LIBRARY.removeHandler(listener)
        LIBRARY.setLevel(before)


@contextmanager
def muted() -> Iterator[None]:
    """Log nothing inside; for a check whose warnings the computation itself will repeat."""
    before = LIBRARY.level
    LIBRARY.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        LIBRARY.setLevel(before)
