"""Put values into words: a parameter's value, a duration, a size, a number of things, many names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: What a terminal or a page obeys instead of showing it: controls, line separators, marks that turn the direction of
#: writing round (as U+202E), and the surrogates in which Python keeps bytes that are no text.
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: object, keep: str = "") -> str:
    """Escape in a text what a terminal or a page would obey rather than show, as Python does: ``\\x1b``, ``\\u202e``.

    This is the one escape for people. A name is escaped whole; of a message that may have lines of its own, ``keep``
    has the characters that stay, such as ``\\n``. What is escaped stays so when it is escaped again.
    """
    return _NOT_SHOWN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), str(text))


def _escape(character: str) -> str:
    byte = ord(character) - 0xDC00  # of a file's name that is no UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else character.encode("unicode_escape").decode()


def value_text(value: Any) -> str:
    """Format a parameter's value as a params file has it, e.g. ``true``, ``1e-05``, ``alex, squeeze``, ``none``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {value_text(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value)) or "none"
    return str(value)


def duration(seconds: float) -> str:
    """Format a duration, e.g. ``42 s``, ``7 min 42 s``, ``2 h 5 min``; its spaces do not break."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def size_text(size: int | None) -> str:
    """Format a number of bytes, e.g. ``548 MB`` (of 2²⁰ bytes, as torchvision counts); None is unknown."""
    if size is None:
        return "size unknown"
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB"


def counted(number: float, noun: str, plural: str = "") -> str:
    """Count things, e.g. ``1 image``, ``1,000 images``; a ``plural`` without s is given."""
    return f"{number:,.0f} {noun if number == 1 else plural or f'{noun}s'}"


def listed(names: Sequence[str]) -> str:
    """Join words as a sentence does: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + [*names[-1:]])


def shortlist(names: Iterable[str]) -> str:
    """List the first five names, printable, and say how many more there are; ``none`` for no name."""
    names = list(map(printable, names))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more if names else "none"


def shortened(text: object, length: int = 400) -> str:
    """Cut the middle out of a text of more characters than ``length``."""
    text = str(text)
    return text if len(text) <= length else f"{text[: length - 60]} … {text[-50:]}"
