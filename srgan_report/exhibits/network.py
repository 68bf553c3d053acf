"""A network as a notebook shows it: drawn from top to bottom, and as the table of its layers.

The drawing has a box for each layer, a line for each skip and a frame for each repeated block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from torch import nn

from srgan_report.exhibits import findings
from srgan_report.exhibits.markup import Exhibit
from srgan_report.exhibits.plotting import describe, new_figure
from srgan_report.exhibits.structure import INPUT, Layer, Skip, Structure, structure

WIDTH = 4.15  #: inches: a phone shows all of it
# Inches from the left, and down the page.
LEFT, RIGHT, MIDDLE, SHAPES = 0.9, 3.3, 2.1, 3.42
FIRST_LANE, LANE = 0.72, 0.24
LINE_HEIGHT, PADDING, GAP, SUM, FRAME = 0.16, 0.12, 0.12, 0.22, 0.16
CHARACTERS = 31  # that fit into a box
FILL = {"dense": "#F6DFC4", "enlargement": "#D3EBDD", "shuffle": "#D3EBDD", "convolution": "#D6E6F4"}
INK = "#333333"
BOX = {"boxstyle": "round,pad=0,rounding_size=0.06", "edgecolor": INK, "linewidth": 0.8}
ARROW = {"arrowstyle": "->", "color": INK, "shrinkA": 0}


def network(trained: nn.Module, input_shape: Sequence[int], source: str, result: str) -> Iterator[Exhibit]:
    """Show a network's drawing, then its layers; parameters as :func:`draw_network`."""
    found = findings.network(type(trained).__name__, structure(trained, input_shape))
    yield Exhibit(draw_network(trained, input_shape, source, result), "network", found)
    yield layers(trained, input_shape)


def layers(network: nn.Module, input_shape: Sequence[int]) -> Exhibit:
    """List the layers of a network of one image, C×h×w; equal blocks in a row appear once, with their number.

    The columns are layer (the name in the network), operations, output (C×H×W), times (how often the network has this
    layer) and parameters (of all of them together); the last row is the sum.
    """
    found = structure(network, input_shape)
    rows = [
        {
            "layer": layer.name,
            "operations": ", ".join(layer.operations),
            "output": _shape(layer.output),
            "times": found.times(index),
            "parameters": layer.parameters * found.times(index),
        }
        for index, layer in enumerate(found.layers)
    ]
    total = {"layer": "all", "operations": "", "output": "", "times": ""}
    table = pd.DataFrame([*rows, {**total, "parameters": sum(row["parameters"] for row in rows)}])
    text = findings.layers(type(network).__name__, table)
    return Exhibit(table, "layers", text, options={"formats": {"parameters": ","}})


def draw_network(network: nn.Module, input_shape: Sequence[int], source: str, result: str) -> Figure:
    """Draw a network's layers with their output shapes, its skips and its repeated blocks.

    ``source`` and ``result`` say what goes in, an image of shape C×h×w, and what comes out, in a word or two.
    """
    found = structure(network, input_shape)
    # A layer whose output the next one in time does not read lies on a skip.
    following = [layer.source for layer in found.layers[1:]]
    column = [index for index, source in enumerate([*following, len(found.layers) - 1]) if source == index]
    page = _Page(found, column)
    figure, axes = new_figure(height=page.height, width=WIDTH)
    axes.set(xlim=(0, WIDTH), ylim=(page.height, 0))
    axes.set_axis_off()
    page.draw(axes, source, result)
    describe(figure, _in_words(found, column, source, result))
    return figure


class _Page:
    """Where everything lies: heights down the page, in inches, by layer and skip."""

    def __init__(self, found: Structure, column: Sequence[int]) -> None:
        self.found, self.column = found, column
        self.entry: dict[int, float] = {}  # where data enters a layer
        self.exit: dict[int, float] = {INPUT: 0.3}
        self.sums: dict[Skip, float] = {}
        self.counts: dict[tuple[int, int], str] = {}  # blocks of blocks share a frame: ×23 ×3
        for repeat in found.repeats:
            ends = repeat.first, repeat.last
            self.counts[ends] = f"{self.counts.get(ends, '')} ×{repeat.count}".strip()
        self.frames = {ends: [0.0, 0.0] for ends in self.counts}
        y = 0.3 + GAP
        for index in column:
            for (first, _), frame in self.frames.items():
                if first == index:
                    frame[0] = y
                    y += FRAME
            self.entry[index] = y
            y += GAP + _height(found.layers[index])
            for skip in found.skips:
                if skip.target == index:
                    self.sums[skip] = y + GAP
                    y += GAP + SUM / 2
            self.exit[index] = y
            for (_, last), frame in self.frames.items():
                if last == index:
                    y += FRAME / 2
                    frame[1] = y
            y += GAP
        self.bottom, self.height = y, y + 0.3
        self.lanes = _lanes(found.skips)

    def draw(self, axes: Axes, source: str, result: str) -> None:
        """Draw the page, of which one unit is an inch."""
        text = {"ha": "center", "va": "center", "fontsize": 9}
        axes.text(MIDDLE, 0.15, source, **text)
        axes.text(SHAPES, 0.15, _shape(self.found.input), va="center", fontsize=9)
        axes.annotate("", (MIDDLE, self.bottom), (MIDDLE, 0.26), arrowprops=ARROW, zorder=0)
        axes.text(MIDDLE, self.bottom + 0.12, result, **text)
        for (first, last), count in self.counts.items():
            top, bottom = self.frames[first, last]
            left, right = LEFT - 0.3, RIGHT + 0.07
            axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, ec="#777777", ls="--"))
            axes.text(right - 0.06, top + 0.14, count, ha="right", va="center", fontsize=10)
        for index in self.column:
            layer = self.found.layers[index]
            top = self.entry[index] + GAP
            height, operations = _height(layer), " ".join(layer.operations)
            fill = next((colour for word, colour in FILL.items() if word in operations), "#EEEEEE")
            axes.add_patch(FancyBboxPatch((LEFT, top), RIGHT - LEFT, height, facecolor=fill, **BOX))
            middle = top + height / 2
            axes.text(MIDDLE, middle, _text(layer), **text)
            axes.text(SHAPES, middle, _shape(layer.output), va="center", fontsize=9)
        for skip in self.found.skips:
            self._draw_skip(axes, skip)

    def _draw_skip(self, axes: Axes, skip: Skip) -> None:
        source, branch = skip.source, ""
        if source not in self.column and source != INPUT:
            branch = ", ".join(self.found.layers[source].operations)
            source = self.found.layers[source].source
        inside = any(one.first == source + 1 and one.last >= skip.target for one in self.found.repeats)
        start = self.entry[source + 1] + 0.05 if inside else self.exit[source] + 0.06
        x, end = FIRST_LANE - LANE * self.lanes[skip], self.sums[skip]
        axes.plot([MIDDLE, x, x], [start, start, end], color=INK, linewidth=1)
        axes.annotate("", (MIDDLE - 0.09, end), (x, end), arrowprops=ARROW)
        axes.plot(MIDDLE, end, "o", markersize=12, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=1)
        axes.plot(MIDDLE, end, "+", markersize=7, color=INK, markeredgewidth=1)
        if branch:
            about = {"facecolor": "white", "edgecolor": "none", "pad": 2}
            axes.text(x, (start + end) / 2, branch, rotation=90, ha="center", va="center", fontsize=9, bbox=about)


def _text(layer: Layer) -> str:
    """A box's text, broken between operations."""
    lines: list[str] = []
    for piece in ", ".join(layer.operations).split(", "):
        if lines and len(f"{lines[-1]}, {piece}") <= CHARACTERS:
            lines[-1] += f", {piece}"
        else:
            lines.append(piece)
    return ",\n".join(lines)


def _height(layer: Layer) -> float:
    return LINE_HEIGHT * len(_text(layer).splitlines()) + PADDING


def _lanes(skips: Sequence[Skip]) -> dict[Skip, int]:
    """How far out each skip runs: outside those that it spans."""
    lanes: dict[Skip, int] = {}
    for skip in sorted(skips, key=lambda one: one.target - one.source):
        crossed = [lane for one, lane in lanes.items() if one.source < skip.target and skip.source < one.target]
        lanes[skip] = max(crossed, default=-1) + 1
    return lanes


def _shape(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))


def _in_words(found: Structure, column: Sequence[int], source: str, result: str) -> str:
    """The drawing for those who cannot see it: the boxes from top to bottom, then what is added to what."""
    layers = []
    for index in column:
        layer, times = found.layers[index], found.times(index)
        often = f" ({times} times)" if times > 1 else ""
        layers.append(f"{', '.join(layer.operations)}{often} to {_shape(layer.output)}")
    names = {INPUT: "the input"} | {index: ", ".join(layer.operations) for index, layer in enumerate(found.layers)}
    sums = [f"the output of {names[skip.source]} is added to that of {names[skip.target]}" for skip in found.skips]
    return f"From {source} {_shape(found.input)} to {result}: {'; '.join([*layers, *sums])}."
