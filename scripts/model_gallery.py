"""Draw the gallery of the shipped models: ``python -m scripts.model_gallery`` writes ``docs/model_gallery.jpg``.

Each row is a crop of one of the demo's held-out photographs at 300 %. All models but ``photo`` have learned from
clean LR images; the last rows show what they make of an LR image that was saved as JPEG.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image as PillowImage

import srgan_lib
from srgan_lib.data.pairs import load_pairs
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import as_test_set, make_split
from srgan_lib.layout import project_root
from srgan_lib.models.tiled_inference import upscale
from srgan_lib.params.shared import Shared

PAGE = project_root() / "docs" / "model_gallery.jpg"
MODELS = ("compact", "srgan", "photo")
SIDE = 80  #: pixels of a crop


class Row(NamedTuple):
    """A crop of an HR photograph, and the quality at which its LR image is saved as JPEG first (None: not at all)."""

    image: str
    top: int
    left: int
    jpeg: int | None = None


ROWS = (
    Row("astronaut", 70, 200),
    Row("chelsea", 130, 220),
    Row("coffee", 130, 150),
    Row("astronaut", 70, 200, jpeg=90),
    Row("astronaut", 70, 200, jpeg=75),
    Row("grace_hopper", 130, 240, jpeg=50),
)


def draw_gallery(path: Path = PAGE, rows: tuple[Row, ...] = ROWS) -> None:
    """Enlarge each row's LR image by bicubic interpolation and each model, and write the crops beside the original."""
    shared = Shared()
    photos = as_test_set(find_photos("builtin", scale=shared.scale))
    pairs = {pair.image: pair for pair in load_pairs(make_split(photos, shared), photos, shared, "test")}
    networks = {name: srgan_lib.load(name) for name in MODELS}
    titles = ("bicubic", *MODELS, "original")
    figure, axes = plt.subplots(len(rows), len(titles), figsize=(2.4 * len(titles), 2.45 * len(rows)), dpi=100)
    for row, line in zip(rows, axes, strict=True):
        hr = pairs[row.image].hr
        lr = imresize(hr, 1 / shared.scale)
        if row.jpeg:
            lr = as_jpeg(lr, row.jpeg)
        large = [imresize(lr, shared.scale), *(upscale(lr, network) for network in networks.values()), hr]
        for axis, image in zip(line, large, strict=True):
            axis.imshow(image[row.top : row.top + SIDE, row.left : row.left + SIDE], interpolation="nearest")
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(f"LR saved as JPEG {row.jpeg}" if row.jpeg else "clean LR")
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    figure.tight_layout(pad=0.3)
    figure.savefig(path, pil_kwargs={"quality": 90, "subsampling": 0})
    plt.close(figure)


def as_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Save an H×W×3 image as JPEG and read it again."""
    file = io.BytesIO()
    PillowImage.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(PillowImage.open(file))


if __name__ == "__main__":
    draw_gallery()
