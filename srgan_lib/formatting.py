"""Put values into words: a parameter's value, a duration, a size, a number of things, a machine, many names."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother = 3, 80, 80


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


def machine_text(machine: Mapping[str, Any]) -> str:
    """Format a machine as :func:`srgan_report.hardware.machine` or a manifest describes it."""
    gpus = machine["gpu"]
    cards = f"{gpus} CUDA device{'s' if gpus > 1 else ''}" if gpus else "no GPU"
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['memory']} GiB memory, {cards}"


def counted(number: float, noun: str) -> str:
    """Count things, e.g. ``1 image``, ``1,000 images``."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + [*names[-1:]])


def shortlist(names: Iterable[str]) -> str:
    """List the first five names and say how many more there are; ``none`` for no name."""
    names = list(names)
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more if names else "none"


def brief(value: Any) -> str:
    """Write a value as Python does, cut where it is long: what a person has typed, in a message."""
    return _BRIEF.repr(value)


def shortened(text: object, length: int = 400) -> str:
    """Cut the middle out of a text of more characters than ``length``."""
    text = str(text)
    return text if len(text) <= length else f"{text[: length - 60]} … {text[-50:]}"
