"""The stages of a run as a drawing: what each makes, and which ones read it."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from srgan_lib.layout import STAGES
from srgan_lib.methods import METHODS, TRAINED
from srgan_report.exhibits import markup
from srgan_report.exhibits.plotting import describe, new_figure
from srgan_report.report.images import Images

WIDTH = 4.15  #: inches: a phone shows all of it
# Inches from the left, and down the page.
FIRST_LANE, LANE, LEFT, RIGHT = 0.15, 0.24, 1.2, 4.08
TOP, HEIGHT, GAP = 0.5, 0.6, 0.16
ENTRY, EXIT = 0.1, 0.52  # below a box's top: where the first line comes in, and where the box's own leaves
INK = "#333333"
CAPTION = (
    "The stages of this run, from top to bottom. A line leaves what a stage has made, and its arrows end at the stages "
    "that read it."
)
TRAINED_BY: dict[str, str] = {network.stage: method for method, network in TRAINED.items()}


def flow_chart(dataset: str, images: Images) -> str:
    """Write the drawing as a figure of the report, its image by its name in ``images``."""
    return images.take_from(markup.captioned("fig-stages", markup.chart(draw_stages(dataset)), CAPTION))


def draw_stages(dataset: str) -> Figure:
    """Draw the stages: a box for each, with the network that it trains, and a line to each of its readers.

    The first stage reads the photographs of ``dataset``.
    """
    tops = {name: TOP + index * (HEIGHT + GAP) for index, name in enumerate(STAGES)}
    height = TOP + len(tops) * (HEIGHT + GAP) - GAP / 2
    figure, axes = new_figure(height=height, width=WIDTH)
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    middle = (LEFT + RIGHT) / 2
    axes.text(middle, 0.12, f"photographs: {dataset}", ha="center", va="center", fontsize=9)
    _arrow(axes, (middle, 0.24), (middle, TOP), INK)
    for lane, name in enumerate(STAGES):
        _box(axes, name, tops[name])
        if readers := [reader for reader, info in STAGES.items() if name in info.upstream]:
            x, start = FIRST_LANE + lane * LANE, tops[name] + EXIT
            entries = [tops[reader] + ENTRY * (1 + STAGES[reader].upstream.index(name)) for reader in readers]
            axes.plot([LEFT, x, x], [start, start, max(entries)], color=_colour(name), linewidth=1.4)
            for entry in entries:
                _arrow(axes, (x, entry), (LEFT, entry), _colour(name))
    first, *others = STAGES.values()
    reads = [f"{one.title} reads {', '.join(STAGES[name].title for name in one.upstream)}" for one in others]
    describe(figure, "; ".join([f"{first.title} reads the photographs ({dataset})", *reads]) + ".")
    return figure


def _box(axes: Axes, name: str, top: float) -> None:
    shape = "round,pad=0,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch((LEFT, top), RIGHT - LEFT, HEIGHT, boxstyle=shape, fc="white", ec=_colour(name), linewidth=1.4)
    )
    middle = (LEFT + RIGHT) / 2
    axes.text(middle, top + 0.2, STAGES[name].title, ha="center", va="center", fontsize=10)
    made = STAGES[name].notebook
    if name in TRAINED_BY:
        made += f" → {TRAINED[TRAINED_BY[name]].file}"
    axes.text(middle, top + 0.42, made, ha="center", va="center", fontsize=8.5, color=INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": colour, "shrinkA": 0, "shrinkB": 0})


def _colour(name: str) -> str:
    return METHODS[TRAINED_BY[name]].colour if name in TRAINED_BY else INK
