"""A panel for notebook 1: choose a photograph, a degradation and a scale, and see the LR image at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import ipywidgets
import numpy as np

from srgan_lib.data.degrade import degrade
from srgan_lib.data.figures import detailed_spot
from srgan_lib.data.images import crop_to_multiple
from srgan_lib.data.pairs import Pair
from srgan_lib.data.randomness import random_stream
from srgan_lib.data.resize import imresize
from srgan_lib.interactive.pictures import Picture, show
from srgan_lib.params.shared import Degradation, Shared

SIDE = 192  #: HR pixels of the detail that is shown
SCALES = (2, 3, 4, 8)


def degrading(pairs: Sequence[Pair], shared: Shared) -> ipywidgets.VBox:
    """Build the panel.

    Parameters
    ----------
    pairs : photographs to choose from; only HR is looked at.
    shared : gives what the panel begins with, and the seed.
    """
    photographs = {pair.image: pair.hr for pair in pairs}
    image = ipywidgets.Dropdown(options=list(photographs), description="photograph")
    kind = ipywidgets.Dropdown(options=get_args(Degradation), value=shared.degradation, description="degradation")
    scale = ipywidgets.SelectionSlider(options=sorted({*SCALES, shared.scale}), value=shared.scale, description="scale")
    sigma = ipywidgets.FloatSlider(value=shared.blur_sigma, min=0.2, max=4.0, step=0.1, description="blur σ")
    draw = ipywidgets.IntSlider(value=0, min=0, max=20, description="random draw")
    output = ipywidgets.HTML()

    def redraw(_: object = None) -> None:
        sigma.disabled = kind.value != "blur_bicubic"
        draw.disabled = kind.value != "realistic"
        assert image.value is not None and kind.value is not None  # there are some of both to choose from
        rng = random_stream(shared.seed, "degradation panel", draw.value)
        hr = _detail(photographs[image.value], scale.value)
        lr = degrade(hr, scale.value, kind.value, sigma.value, rng)
        pictures = (
            Picture("HR", hr, _size(hr)),
            Picture("LR", lr, _size(lr)),
            Picture("enlarged with bicubic", imresize(lr, scale.value), _size(hr)),
        )
        show(output, pictures)

    for control in (image, kind, scale, sigma, draw):
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([image, kind, scale, sigma, draw, output])


def _detail(hr: np.ndarray, scale: int) -> np.ndarray:
    """Cut the most detailed square of a photograph, in whole LR pixels."""
    side = min(SIDE, *hr.shape[:2])
    top, left = detailed_spot(hr, side, scale)
    return crop_to_multiple(np.ascontiguousarray(hr[top : top + side, left : left + side]), scale)


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}×{image.shape[0]}"
