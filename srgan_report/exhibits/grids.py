"""Images side by side: whole ones in four panels, parts pixel by pixel, a detail by the networks between two others."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from srgan_lib.data.levels import luminance
from srgan_lib.evaluation.methods import interpolate
from srgan_lib.evaluation.samples import Sample
from srgan_lib.methods import BASELINE, NOT_PICTURED, OURS, method_styles
from srgan_lib.metrics.measure import METRICS, measure
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.tiled_inference import upscale
from srgan_report.exhibits.plotting import WIDTH, describe, new_figure, show_images

TALLEST = 5.6  #: inches: a figure of upright images gets narrower instead, and its titles stay readable
LETTERS = 12  #: of a title in an inch
SMALLEST_FOR_LPIPS = 32  #: pixels a side, of which AlexNet's last features have one left
SIDE = 128  #: HR pixels of the detail on which networks between two others are tried
LABELS = ("psnr_y", "lpips_alex")  #: the figures written above each method's image


def grid(sample: Sample) -> Figure:
    """Draw LR, the baseline's and our image, and HR: whole images with their scores, two a row."""
    return _panels(sample, (BASELINE, OURS), columns=2, separator=", ")


def most_different(sample: Sample, side: int, methods: Sequence[str]) -> tuple[float, float]:
    """Find the part of an image in which methods differ most: with the largest standard deviation of their luminance.

    The deviations are averaged over a part of ``side`` HR pixels. It is returned where it lies, down and across, as
    :meth:`~srgan_lib.evaluation.samples.Sample.part` takes it.
    """
    deviation = np.std([luminance(sample.results[method]) for method in methods], axis=0)
    sums = np.pad(deviation, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)[:: sample.scale, :: sample.scale]
    rows, columns = (min(size, max(1, side // sample.scale)) for size in sample.lr.shape[:2])
    windows = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    best = np.unravel_index(windows.argmax(), windows.shape)
    # In the middle of a step, so that no rounding leads to the one before.
    down, across = (
        (start + 0.5) / (count - 1) if count > 1 else 0.0 for start, count in zip(best, windows.shape, strict=True)
    )
    return down, across


def scored_part(sample: Sample, side: int, at: tuple[float, float] = (0.5, 0.5)) -> Sample:
    """Cut ``side``×``side`` HR pixels with this part's own scores, of the methods that pictures show.

    The part lies ``at`` a place that :meth:`~srgan_lib.evaluation.samples.Sample.part` takes.
    """
    part = sample.part(side, at)
    scores = {method: part_scores(part.results[method], part.hr, sample.scale) for method in pictured(sample)}
    return replace(part, scores=scores)


def patches(part: Sample) -> Figure:
    """Draw a part of an image, as :func:`scored_part` cuts it, by LR, its methods and HR."""
    count = len(part.scores) + 2
    columns = 3 if count <= 6 else 4 if count <= 8 else 5
    return _panels(part, list(part.scores), columns, separator="\n")  # so narrow that a line holds one figure


def pictured(sample: Sample) -> list[str]:
    """Name the methods that pictures show: all but the classical ones near bicubic."""
    return [method for method in sample.results if method not in NOT_PICTURED]


def part_scores(sr: np.ndarray, hr: np.ndarray, scale: int) -> dict[str, float]:
    """Score a part of an image, H×W×3 uint8, by itself; a score that cannot be computed here is NaN."""
    names = LABELS if min(hr.shape[:2]) >= SMALLEST_FOR_LPIPS else LABELS[:1]
    border = min(scale, (min(hr.shape[:2]) - 1) // 2)
    return measure(sr, hr, border, names, on_unavailable=lambda name, reason: None)


class WeightInterpolation:
    """What generators make whose weights lie between those of two others, on the middle of an image.

    ``options`` are those of :func:`srgan_lib.models.tiled_inference.upscale`.
    """

    def __init__(self, first: SuperResolver, second: SuperResolver, **options: Any) -> None:
        self.first, self.second, self.options = first, second, options

    def __call__(self, sample: Sample, alpha: float) -> tuple[np.ndarray, dict[str, float]]:
        """The detail by the generator with ``alpha`` of the second's weights, and its :func:`part_scores`."""
        detail = sample.part(SIDE)
        sr = upscale(detail.lr, interpolate(self.first, self.second, alpha), **self.options)
        return sr, part_scores(sr, detail.hr, sample.scale)


def try_alphas(
    interpolated: WeightInterpolation, sample: Sample, alphas: Sequence[float]
) -> tuple[Figure, pd.DataFrame]:
    """Draw one detail by several generators between the two, and tabulate their scores by the second's share."""
    rows, images = [], []
    for alpha in alphas:
        sr, scores = interpolated(sample, alpha)
        rows.append({"dataset": sample.dataset, "image": sample.image, "share": alpha, **scores})
        text = as_text(scores, separator="\n")
        images.append((f"{alpha:.0%}\n{text}", sr))
    figure, axes = new_figure(1, len(alphas) + 1, height=1.75, squeeze=False)
    show_images(axes, [*images, ("HR\n", sample.part(SIDE).hr)])
    text = (f"{row['share']:.0%}: {as_text(row)}" for row in rows)
    describe(figure, f"A detail of {sample.image} by share of the second generator, {'; '.join(text)}.")
    return figure, pd.DataFrame(rows)


def _panels(sample: Sample, methods: Sequence[str], columns: int, separator: str) -> Figure:
    height, width = sample.lr.shape[:2]
    images, words = [(f"LR, {width}×{height}", sample.lr)], []
    for method, style in method_styles(methods).items():
        scores = sample.scores[method]
        label = textwrap.fill(style.label, int(LETTERS * WIDTH / columns), break_on_hyphens=False)
        images.append((f"{label}\n{as_text(scores, separator)}", sample.results[method]))
        words.append(f"{style.label} {as_text(scores)}".strip())
    images.append((f"HR, {sample.hr.shape[1]}×{sample.hr.shape[0]}", sample.hr))
    rows = -(-len(images) // columns)
    titles = 0.17 * rows * (1.6 + max(title.count("\n") for title, _ in images))
    panel = min(WIDTH / columns, (TALLEST - titles) / rows * width / height)  # inches across
    tall = rows * panel * height / width + titles
    figure, axes = new_figure(rows, columns, width=columns * panel, height=tall, squeeze=False)
    show_images(axes, images)
    describe(figure, f"{sample.image}: LR, {', '.join(words)}, and HR.")
    return figure


def as_text(scores: Mapping[str, float], separator: str = ", ") -> str:
    """Format the known scores in few characters, e.g. ``28.43 dB, LPIPS 0.340``."""
    known = [(METRICS[name], scores.get(name, np.nan)) for name in LABELS]
    return separator.join(
        f"{metric.text(value)} dB" if metric.unit else f"LPIPS {metric.text(value)}"
        for metric, value in known
        if not np.isnan(value)
    )
