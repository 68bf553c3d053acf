"""Panels with sliders for the notebooks: pictures that follow what somebody chooses.

For notebook 1 :func:`degrading`; for notebook 5 :func:`look_closer`, :func:`slide_between` and :func:`enlarge_own`.
"""

from __future__ import annotations

import html
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import ipywidgets
import numpy as np
from PIL import Image

from srgan_lib.data.degrade import degrade
from srgan_lib.data.images import ImageError, crop_to_multiple, read_image, write_image
from srgan_lib.data.pairs import Pair
from srgan_lib.data.randomness import random_stream
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.methods import Method
from srgan_lib.evaluation.samples import Sample
from srgan_lib.methods import method_styles
from srgan_lib.params.shared import Degradation, Shared
from srgan_lib.training.validation import center_crop
from srgan_report.exhibits.grids import SIDE, WeightInterpolation, as_text
from srgan_report.exhibits.markup import data_uri, encoded
from srgan_report.exhibits.photographs import detailed_spot

WIDTH = 240  #: CSS pixels of each picture
#: Pixels of what is shown of a photograph, and of what is enlarged of one's own, so that all methods answer in seconds.
DETAIL = 192
SCALES = (2, 3, 4, 8)  #: of a degradation
FIRST_SHOWN = ("bicubic", "srgan")  #: methods with which one begins to look closer


@dataclass(frozen=True)
class Picture:
    """An H×W×3 uint8 image with its label and its figures in words."""

    label: str
    image: np.ndarray
    scores: str = ""


def show(output: ipywidgets.HTML, pictures: Iterable[Picture]) -> None:
    """Show pictures at one size, their pixels as squares."""
    output.value = f'<div style="display: flex; flex-wrap: wrap; gap: 12px">{"".join(map(_figure, pictures))}</div>'


def show_text(output: ipywidgets.HTML, text: str) -> None:
    """Show a sentence instead of pictures."""
    output.value = f"<p>{html.escape(text)}</p>"


def _figure(picture: Picture) -> str:
    source = data_uri(encoded(Image.fromarray(picture.image), "PNG", compress_level=1), "image/png")
    label = html.escape(picture.label)
    return (
        f'<figure style="margin: 0"><figcaption><b>{label}</b> {html.escape(picture.scores)}</figcaption>'
        f'<img alt="{label}" src="{source}" style="width: {WIDTH}px; image-rendering: pixelated"></figure>'
    )


def _panel(controls: Sequence[Any], draw: Callable[[], Iterable[Picture]]) -> ipywidgets.VBox:
    """Stack controls and what is drawn, now and whenever one of them is moved."""
    output = ipywidgets.HTML()

    def redraw(_: object = None) -> None:
        show(output, draw())

    for control in controls:
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*controls, output])


def degrading(pairs: Sequence[Pair], shared: Shared) -> ipywidgets.VBox:
    """Build a panel: choose a photograph, a degradation and a scale, and see the LR image at once.

    Of the pairs only HR is looked at; ``shared`` gives what the panel begins with, and the seed.
    """
    photographs = {pair.image: pair.hr for pair in pairs}
    image = ipywidgets.Dropdown(options=list(photographs), description="photograph")
    kind = ipywidgets.Dropdown(options=get_args(Degradation), value=shared.degradation, description="degradation")
    scale = ipywidgets.SelectionSlider(options=sorted({*SCALES, shared.scale}), value=shared.scale, description="scale")
    sigma = ipywidgets.FloatSlider(value=shared.blur_sigma, min=0.2, max=4.0, step=0.1, description="blur σ")
    number = ipywidgets.IntSlider(value=0, min=0, max=20, description="random draw")

    def draw() -> Iterator[Picture]:
        sigma.disabled = kind.value != "blur_bicubic"
        number.disabled = kind.value not in ("realistic", "mild")
        assert image.value is not None and kind.value is not None  # there are some of both to choose from
        rng = random_stream(shared.seed, "degradation panel", number.value)
        hr = _detail(photographs[image.value], scale.value)
        lr = degrade(hr, scale.value, kind.value, sigma.value, rng)
        yield Picture("HR", hr, _size(hr))
        yield Picture("LR", lr, _size(lr))
        yield Picture("enlarged with bicubic", imresize(lr, scale.value), _size(hr))

    return _panel([image, kind, scale, sigma, number], draw)


def _detail(hr: np.ndarray, scale: int) -> np.ndarray:
    """Cut the most detailed square of a photograph, in whole LR pixels."""
    side = min(DETAIL, *hr.shape[:2])
    top, left = detailed_spot(hr, side, scale)
    return crop_to_multiple(np.ascontiguousarray(hr[top : top + side, left : left + side]), scale)


def _size(image: np.ndarray) -> str:
    return f"{image.shape[1]}×{image.shape[0]}"


def look_closer(samples: Sequence[Sample]) -> ipywidgets.VBox:
    """Build a panel: choose a test image that the evaluation holds, methods, a place and a magnification."""
    image, sample = _choice(samples)
    methods = {style.label: method for method, style in method_styles(samples[0].results).items()}
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

    def draw() -> Iterator[Picture]:
        part = sample().part(side.value, (down.value, across.value))
        yield Picture("LR", part.lr)
        for label in chosen.value:
            yield Picture(label, part.results[methods[label]], as_text(part.scores[methods[label]]))
        yield Picture("HR", part.hr)

    return _panel([image, chosen, across, down, side], draw)


def slide_between(interpolated: WeightInterpolation, samples: Sequence[Sample]) -> ipywidgets.VBox:
    """Build a panel: slide from the warm-up's generator to the adversarial one, and see the middle of an image."""
    image, sample = _choice(samples)
    alpha = ipywidgets.FloatSlider(
        value=0, min=0, max=1, step=0.05, readout_format=".0%", description="adversarial", continuous_update=False
    )

    def draw() -> Iterator[Picture]:
        sr, scores = interpolated(sample(), alpha.value)
        yield Picture(f"{alpha.value:.0%} adversarial", sr, as_text(scores))
        yield Picture("HR", sample().part(SIDE).hr)

    return _panel([image, alpha], draw)


def _choice(samples: Sequence[Sample]) -> tuple[ipywidgets.Dropdown, Callable[[], Sample]]:
    """Build a menu of test images, and return the one that is chosen when asked."""
    by_name = {f"{sample.dataset}: {sample.image}": sample for sample in samples}
    menu = ipywidgets.Dropdown(options=list(by_name), description="image")
    return menu, lambda: by_name[str(menu.value)]


def enlarge_own(methods: Mapping[str, Method], folder: Path) -> ipywidgets.VBox:
    """Build a panel: enlarge an image of one's own, named by its path or uploaded; PNG files go to ``folder``."""
    path = ipywidgets.Text(placeholder="path of an image", description="file", continuous_update=False)
    upload = ipywidgets.FileUpload(accept="image/*", multiple=False, description="or upload one")
    output = ipywidgets.HTML()
    show_text(
        output,
        f"The middle of the image, at most {DETAIL}×{DETAIL} pixels, is enlarged; `srgan upscale` does whole images.",
    )

    def enlarge(name: str, file: Path) -> None:
        try:
            lr = center_crop(read_image(file), DETAIL, 1).copy()
        except ImageError as error:
            show_text(output, str(error).replace(str(file), name))
            return
        pictures = [Picture("as it is", lr, _size(lr))]
        for method, style in method_styles(methods).items():
            show_text(output, f"{style.label} …")
            result = methods[method](Pair(name, lr, lr))
            target = folder / f"{Path(name).stem}_{method}.png"
            write_image(target, result)
            pictures.append(Picture(style.label, result, str(target.name)))
        show(output, pictures)

    def from_path(_: object) -> None:
        if path.value:
            enlarge(path.value, Path(path.value).expanduser())

    def from_upload(_: object) -> None:
        if upload.value:
            name, content = uploaded(upload.value)
            with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as file:
                file.write(content)
                file.flush()
                enlarge(name, Path(file.name))

    path.observe(from_path, "value")
    upload.observe(from_upload, "value")
    return ipywidgets.VBox([ipywidgets.HBox([path, upload]), output])


def uploaded(value: Any) -> tuple[str, bytes]:
    """Name and content of the last file in a ``FileUpload``, which ipywidgets 7 (in Colab) and 8 shape differently."""
    name, file = list(value.items())[-1] if isinstance(value, dict) else (value[-1]["name"], value[-1])
    return name, bytes(file["content"])
