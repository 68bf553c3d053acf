"""The methods of a run's tables: for each its style and, of a network that the run trains, its stage and its file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any, Literal

from srgan_lib.layout import TrainingStage

TrainedMethod = Literal["srcnn", "warmup", "srgan"]


@dataclass(frozen=True)
class Style:
    """How a method appears in every figure and table."""

    label: str
    colour: str
    marker: str
    line: Any  # a matplotlib line style: a name, or (offset, on-off lengths)


@dataclass(frozen=True)
class TrainedNetwork:
    """A network that a run trains: by which stage, its file in that stage's folder, and its name in the literature."""

    stage: TrainingStage
    file: str
    architecture: str

    def path(self, run_dir: Path) -> Path:
        """Return the network's file in a run's folder."""
        return run_dir / self.stage / self.file

    @property
    def reference(self) -> str:
        """Name of the reference model of this architecture."""
        return self.architecture.lower()


# Okabe & Ito's palette, which colour-blind readers tell apart; markers and lines do it without colour. A reference
# model and a self-ensemble have the colour of their method, told apart by marker, line and label.
#: The style of every method of this project, by its name in ``metrics.csv``.
METHODS = {
    "lr": Style("LR", "#000000", ".", (0, (1, 1))),
    "hr": Style("HR", "#000000", "*", "-"),
    "nearest": Style("nearest", "#E69F00", "v", (0, (1, 2))),
    "bilinear": Style("bilinear", "#CC79A7", "<", (0, (3, 1, 1, 1))),
    "lanczos": Style("Lanczos", "#56B4E9", ">", (0, (5, 1, 1, 1, 1, 1))),
    "bicubic": Style("bicubic", "#6E6E6E", "s", (0, (4, 2))),
    "srcnn": Style("SRCNN", "#009E73", "D", (0, (6, 2))),
    "warmup": Style("warm-up", "#0072B2", "^", (0, (8, 2, 2, 2))),
    "srgan": Style("SRGAN", "#D55E00", "o", "-"),
    "reference_srcnn": Style("reference SRCNN", "#009E73", "+", (0, (2, 2))),
    "reference_srresnet": Style("reference SRResNet", "#0072B2", "x", (0, (4, 1, 2, 1))),
    "reference_srgan": Style("reference SRGAN", "#D55E00", "1", (0, (10, 2))),
    "srcnn_ensemble": Style("SRCNN, self-ensemble", "#009E73", "2", (0, (1, 2, 3, 2))),
    "warmup_ensemble": Style("warm-up, self-ensemble", "#0072B2", "3", (0, (2, 1, 2, 3))),
    "srgan_ensemble": Style("SRGAN, self-ensemble", "#D55E00", "4", (0, (3, 1, 1, 1, 1, 3))),
}
#: The networks that a run trains, by method.
TRAINED: dict[str, TrainedNetwork] = {
    "srcnn": TrainedNetwork("srcnn", "srcnn.safetensors", "SRCNN"),
    "warmup": TrainedNetwork("warmup", "generator.safetensors", "SRResNet"),
    "srgan": TrainedNetwork("adversarial", "generator.safetensors", "SRGAN"),
}
BASELINE = "bicubic"  #: what every difference is taken from
OURS = "srgan"  #: the method that a run is about
#: Classical methods that pictures leave out: near enough to bicubic, and the tables have them.
NOT_PICTURED = frozenset({"nearest", "bilinear", "lanczos"})
#: Styles of methods that are not this project's, in their order.
FURTHER_STYLES = [
    Style("", "#7B3FA0", "P", (0, (2, 1))),
    Style("", "#8C5A1E", "X", (0, (7, 1, 1, 1))),
    Style("", "#3A7D00", "p", (0, (3, 3))),
    Style("", "#B0004E", "h", (0, (5, 3, 1, 3))),
    Style("", "#005F73", "d", (0, (1, 3))),
    Style("", "#9A8A00", "8", (0, (9, 3))),
]


def method_styles(methods: Iterable[str]) -> dict[str, Style]:
    """Return the style of each method; methods that are not this project's get further ones in their order."""
    further = cycle(FURTHER_STYLES)
    return {name: METHODS.get(name) or replace(next(further), label=name) for name in methods}


def label_of(method: str) -> str:
    """Return what a method is called in figures, tables and sentences."""
    return METHODS[method].label if method in METHODS else method


def labels_of(methods: Iterable[str]) -> dict[str, str]:
    """Return what each of several methods is called, in their order."""
    return {name: label_of(name) for name in methods}
