"""A panel for notebook 5: slide from the warm-up's generator to the adversarial one."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from srgan_lib.evaluation.grids import SIDE, WeightInterpolation, as_text
from srgan_lib.evaluation.samples import Sample
from srgan_lib.interactive.pictures import Picture, show


def slide_between(interpolated: WeightInterpolation, samples: Sequence[Sample]) -> ipywidgets.VBox:
    """Build the panel.

    Parameters
    ----------
    interpolated : makes an image by a generator between two.
    samples : the images that the evaluation holds; the middle of the one chosen is enlarged.
    """
    by_name = {f"{sample.dataset}: {sample.image}": sample for sample in samples}
    image = ipywidgets.Dropdown(options=list(by_name), description="image")
    alpha = ipywidgets.FloatSlider(
        value=0, min=0, max=1, step=0.05, readout_format=".0%", description="adversarial", continuous_update=False
    )
    output = ipywidgets.HTML()

    def redraw(_: object = None) -> None:
        assert image.value is not None  # there are images to choose from
        sample = by_name[image.value]
        sr, scores = interpolated(sample, alpha.value)
        shown = Picture(f"{alpha.value:.0%} adversarial", sr, as_text(scores))
        show(output, [shown, Picture("HR", sample.part(SIDE).hr)])

    for control in (image, alpha):
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([image, alpha, output])
