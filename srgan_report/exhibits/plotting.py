"""Draw all figures in one style, that of ``plotting.mplstyle``.

Figures are made with :func:`new_figure`, returned, and neither shown nor saved where they are made.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("plotting.mplstyle")
WIDTH = 6.4  #: inches: the text width of the report


def new_figure(
    rows: int = 1, columns: int = 1, *, height: float = 3.8, width: float = WIDTH, **subplots: Any
) -> tuple[Figure, Any]:
    """Make a styled figure and its axes (one, or an array), without pyplot's global state.

    Sizes are in inches; the width is the report's text width unless there is a reason. ``subplots`` are passed to
    ``Figure.subplots``, such as ``sharex`` or ``squeeze``.
    """
    style.use(STYLE)
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(rows, columns, **subplots)


def show_image(axes: Axes, image: np.ndarray, title: str = "") -> None:
    """Show an H×W×3 uint8 image pixel by pixel, without ticks or frame."""
    axes.imshow(image, interpolation="nearest")
    axes.set_title(title, loc="center")
    axes.set_axis_off()


def show_images(axes: np.ndarray, images: Iterable[tuple[str, np.ndarray]]) -> None:
    """Show images by their titles, row by row; what is left of the axes stays empty."""
    for panel in axes.flat:
        panel.set_axis_off()
    for panel, (title, image) in zip(axes.flat, images, strict=False):
        show_image(panel, image, title)


def describe(figure: Figure, text: str) -> None:
    """Say what a figure shows, with the values that matter, for those who cannot see it."""
    figure.set_label(text)


def legend_below(figure: Figure, axes: Axes | np.ndarray, columns: int = 4) -> None:
    """Draw one legend for ``axes`` under the figure, where it covers no data; equal labels appear once.

    Long labels get fewer than ``columns`` columns, so that none is cut off.
    """
    entries: dict[str, Any] = {}
    for one in axes.flat if isinstance(axes, np.ndarray) else [axes]:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    for count in range(min(columns, len(entries)) or 1, 0, -1):
        legend = figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=count)
        if count == 1 or legend.get_window_extent().width <= figure.bbox.width:
            break
        legend.remove()
