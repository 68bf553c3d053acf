"""Hear what the library logs: modules log to ``logging.getLogger(__name__)``, and a listener shows or keeps the texts.

A warning is what the user should know; information is what was chosen or is being fetched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Listener(logging.Handler):
    """Passes each text that the library logs on to a function, once.

    Parameters
    ----------
    on_text : called with the text.
    level : the lowest level that is passed on.
    """

    def __init__(self, on_text: Callable[[str], None], level: int = logging.WARNING) -> None:
        super().__init__(level)
        self.on_text = on_text
        self._heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on a text that has not been heard yet."""
        text = self.format(record)
        if text not in self._heard:
            self._heard.add(text)
            self.on_text(text)


@contextmanager
def listening(on_text: Callable[[str], None], level: int = logging.WARNING) -> Iterator[None]:
    """Pass on what the library logs inside; parameters as for :class:`Listener`."""
    logger, listener = logging.getLogger("srgan_lib"), Listener(on_text, level)
    before = logger.level
    logger.addHandler(listener)
    logger.setLevel(min(level, logger.getEffectiveLevel()))
    try:
        yield
    finally:
        logger.removeHandler(listener)
        logger.setLevel(before)
