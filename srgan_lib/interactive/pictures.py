"""Images side by side inside a widget."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable
from dataclasses import dataclass

import ipywidgets
import numpy as np
from PIL import Image

from srgan_lib.markup import data_uri

WIDTH = 240  #: CSS pixels of each picture


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
    buffer = io.BytesIO()
    Image.fromarray(picture.image).save(buffer, "PNG", compress_level=1)
    source = data_uri(buffer.getvalue(), "image/png")
    label = html.escape(picture.label)
    image = f'<img alt="{label}" src="{source}" style="width: {WIDTH}px; image-rendering: pixelated">'
    return f'<figure style="margin: 0"><figcaption><b>{label}</b> {html.escape(picture.scores)}</figcaption>{image}</figure>'
