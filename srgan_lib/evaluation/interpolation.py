"""The generators between two others, from the most faithful to the most detailed, tried on one detail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from srgan_lib.evaluation.grids import as_text, part_scores
from srgan_lib.evaluation.methods import interpolate
from srgan_lib.evaluation.samples import Sample
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.tiled_inference import upscale_array
from srgan_lib.plotting import describe, new_figure, show_image

SIDE = 128  #: HR pixels of the detail


class WeightInterpolation:
    """What generators make whose weights lie between those of two others, on the middle of an image.

    Parameters
    ----------
    first, second : generators of one architecture.
    **options : of :func:`srgan_lib.models.tiled_inference.upscale_array`.
    """

    def __init__(self, first: SuperResolver, second: SuperResolver, **options: Any) -> None:
        self.first, self.second, self.options = first, second, options

    def __call__(self, sample: Sample, alpha: float) -> tuple[np.ndarray, dict[str, float]]:
        """The detail by the generator with ``alpha`` of the second's weights, and its scores.

        A score that cannot be computed here is NaN.
        """
        detail = sample.part(SIDE)
        sr = upscale_array(interpolate(self.first, self.second, alpha), detail.lr, **self.options)
        return sr, part_scores(sr, detail.hr, sample.scale)


def try_alphas(
    interpolated: WeightInterpolation, sample: Sample, alphas: Sequence[float]
) -> tuple[Figure, pd.DataFrame]:
    """Draw one detail by several generators between the two, and tabulate their scores by the second's share."""
    figure, axes = new_figure(1, len(alphas) + 1, height=1.75, squeeze=False)
    rows = []
    for axis, alpha in zip(axes[0], alphas, strict=False):
        sr, scores = interpolated(sample, alpha)
        rows.append({"dataset": sample.dataset, "image": sample.image, "share": alpha, **scores})
        text = as_text(scores, separator="\n")
        show_image(axis, sr, f"{alpha:.0%}\n{text}")
    show_image(axes[0, -1], sample.part(SIDE).hr, "HR\n")
    text = (f"{row['share']:.0%}: {as_text(row)}" for row in rows)
    describe(figure, f"A detail of {sample.image} by share of the second generator, {'; '.join(text)}.")
    return figure, pd.DataFrame(rows)
