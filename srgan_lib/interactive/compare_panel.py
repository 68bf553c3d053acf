"""A panel for notebook 5: choose a test image, methods, a place and a magnification."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from srgan_lib.evaluation.grids import as_text
from srgan_lib.evaluation.samples import Sample
from srgan_lib.interactive.pictures import Picture, show
from srgan_lib.methods import method_styles

FIRST_SHOWN = ("bicubic", "srgan")


def look_closer(samples: Sequence[Sample]) -> ipywidgets.VBox:
    """Build the panel.

    Parameters
    ----------
    samples : the images that the evaluation holds, with every method's result.
    """
    by_name = {f"{sample.dataset}: {sample.image}": sample for sample in samples}
    methods = {style.label: method for method, style in method_styles(samples[0].results).items()}
    image = ipywidgets.Dropdown(options=list(by_name), description="image")
    chosen = ipywidgets.SelectMultiple(
        options=list(methods),
        value=[label for label, method in methods.items() if method in FIRST_SHOWN],
        rows=len(methods),
        description="methods",
    )
    across, down = (
        ipywidgets.FloatSlider(value=0.5, min=0, max=1, step=0.01, description=text) for text in ("across", "down")
    )
    side = ipywidgets.SelectionSlider(options=(256, 192, 128, 96, 64, 48, 32), value=96, description="pixels shown")
    output = ipywidgets.HTML()

    def redraw(_: object = None) -> None:
        assert image.value is not None  # there are images to choose from
        sample = by_name[image.value]
        part = sample.part(side.value, (down.value, across.value))
        results = [
            Picture(label, part.results[methods[label]], as_text(sample.scores[methods[label]]))
            for label in chosen.value
        ]
        show(output, [Picture("LR", part.lr), *results, Picture("HR", part.hr)])

    for control in (image, chosen, across, down, side):
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([image, chosen, across, down, side, output])
