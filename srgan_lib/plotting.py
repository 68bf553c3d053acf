"""One look for all figures: the style sheet, and each method's name, colour, marker and line.

Figures are made with :func:`new_figure`, returned, and neither shown nor saved where they are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("plotting.mplstyle")
WIDTH = 6.4  #: inches: the text width of the report


@dataclass(frozen=True)
class Style:
    """How a method appears in every figure and table."""

    label: str
    colour: str
    marker: str
    line: Any  # a matplotlib line style: a name, or (offset, on-off lengths)


# Okabe & Ito's palette, which colour-blind readers tell apart; markers and lines do it without colour.
METHOD_STYLES = {
    "lr": Style("LR", "#000000", ".", (0, (1, 1))),
    "hr": Style("HR", "#000000", "*", "-"),
    "nearest": Style("nearest", "#E69F00", "v", (0, (1, 2))),
    "bilinear": Style("bilinear", "#CC79A7", "<", (0, (3, 1, 1, 1))),
    "lanczos": Style("Lanczos", "#56B4E9", ">", (0, (5, 1, 1, 1, 1, 1))),
    "bicubic": Style("bicubic", "#6E6E6E", "s", (0, (4, 2))),
    "srcnn": Style("SRCNN", "#009E73", "D", (0, (6, 2))),
    "warmup": Style("warm-up", "#0072B2", "^", (0, (8, 2, 2, 2))),
    "srgan": Style("SRGAN", "#D55E00", "o", "-"),
    # The reference models: the colour of the method, told apart by marker, line and name.
    "reference_srcnn": Style("reference SRCNN", "#009E73", "+", (0, (2, 2))),
    "reference_srresnet": Style("reference SRResNet", "#0072B2", "x", (0, (4, 1, 2, 1))),
    "reference_srgan": Style("reference SRGAN", "#D55E00", "1", (0, (10, 2))),
    # Self-ensembles, likewise.
    "srcnn_ensemble": Style("SRCNN, self-ensemble", "#009E73", "2", (0, (1, 2, 3, 2))),
    "warmup_ensemble": Style("warm-up, self-ensemble", "#0072B2", "3", (0, (2, 1, 2, 3))),
    "srgan_ensemble": Style("SRGAN, self-ensemble", "#D55E00", "4", (0, (3, 1, 1, 1, 1, 3))),
}
FURTHER_STYLES = [
    Style("", colour, marker, line)
    for colour, marker, line in (
        ("#7B3FA0", "P", (0, (2, 1))),
        ("#8C5A1E", "X", (0, (7, 1, 1, 1))),
        ("#3A7D00", "p", (0, (3, 3))),
        ("#B0004E", "h", (0, (5, 3, 1, 3))),
        ("#005F73", "d", (0, (1, 3))),
        ("#9A8A00", "8", (0, (9, 3))),
    )
]


def method_styles(methods: Iterable[str]) -> dict[str, Style]:
    """The look of each method; methods that are not this project's get further ones in their order."""
    chosen: dict[str, Style] = {}
    others = 0
    for method in methods:
        if method in METHOD_STYLES:
            chosen[method] = METHOD_STYLES[method]
        else:
            look = FURTHER_STYLES[others % len(FURTHER_STYLES)]
            chosen[method] = Style(method, look.colour, look.marker, look.line)
            others += 1
    return chosen


def use_style() -> None:
    """Apply the project's style sheet to matplotlib."""
    style.use(STYLE)


def new_figure(
    rows: int = 1, columns: int = 1, *, height: float = 3.8, width: float = WIDTH, **subplots: Any
) -> tuple[Figure, Any]:
    """A styled figure and its axes (one, or an array), without pyplot's global state.

    Parameters
    ----------
    rows, columns : of axes.
    height, width : in inches; the width is the report's text width unless there is a reason.
    **subplots : passed to ``Figure.subplots``, such as ``sharex`` or ``squeeze``.
    """
    use_style()
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(rows, columns, **subplots)


def show_image(axes: Axes, image: np.ndarray, title: str = "") -> None:
    """Show an H×W×3 uint8 image pixel by pixel, without ticks or frame."""
    axes.imshow(image, interpolation="nearest")
    axes.set_title(title, loc="center")
    axes.set_axis_off()


def describe(figure: Figure, text: str) -> None:
    """Say what a figure shows, with the values that matter, for those who cannot see it."""
    figure.set_label(text)


def legend_below(figure: Figure, axes: Axes | np.ndarray, columns: int = 4) -> None:
    """One legend for ``axes`` under the figure, where it covers no data; equal labels appear once."""
    entries: dict[str, Any] = {}
    for one in axes.flat if isinstance(axes, np.ndarray) else [axes]:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=min(columns, len(entries)) or 1)
