"""Which shipped network suits an image: whether it was compressed with loss or is noisy, which most of them enlarge.

A JPEG file tells its quality by its quantisation tables. An image that was a JPEG before still has many cosine
coefficients of nothing but rounding, though only in the blocks of 8×8 pixels that it was compressed in: whether blocks
from one corner have more of them than those from all others is looked at, as in Fan & de Queiroz, "Identification of
Bitmap Compression History", IEEE Transactions on Image Processing 2003, §III. Noise is looked for in differences of
colour, which have little fine detail of their own where an image is smoothest; noise that is grey cannot be told from
detail so.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.fft import dctn

from srgan_lib.data.images import open_image
from srgan_lib.data.levels import luminance
from srgan_lib.data.realistic import LUMA_STEPS
from srgan_lib.files import sha256_file
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.files import load
from srgan_lib.models.shipped import shipped_models
from srgan_report.upscaling.formats import Maker
from srgan_report.upscaling.reading import read_photograph

logger = logging.getLogger(__name__)

FOR_CLEAN, FOR_OTHERS = "srgan", "photo"
CLEAN_QUALITY = 97  #: a JPEG of at least this quality is judged by its pixels
LOSSY = frozenset({"HEIF", "AVIF"})  #: Pillow's names of formats that hardly anybody writes without loss
SIDE = 256  #: pixels of the middle of an image that is looked at
LEAST = 64  #: pixels a side below which pixels tell too little
ROUNDING = 0.75  #: a coefficient of rounding alone is smaller than this, in levels
GRID_SHARE = 0.03  #: more such coefficients in the blocks of one corner than in those of any other tell compression
NOISE = 3.0  #: standard deviation of a channel, in levels


class Choice(NamedTuple):
    """A shipped network, and why it suits an image."""

    model: str
    reason: str


def suited_network(path: Path, *, allow_large: bool = False) -> tuple[SuperResolver, Maker]:
    """Load the network that :func:`suited_model` chooses, and log which and why."""
    model, reason = suited_model(path, allow_large=allow_large)
    logger.info("%s: enlarged by %s (%s); --model takes another", path.name, model, reason)
    return _loaded(model)


@cache
def _loaded(name: str) -> tuple[SuperResolver, Maker]:
    return load(name), Maker(name, sha256_file(shipped_models()[name]))


def suited_model(path: Path, *, allow_large: bool = False) -> Choice:
    """Choose for an image file; ``ImageError`` as :func:`srgan_report.upscaling.reading.read_photograph`."""
    with suppress(OSError, Image.DecompressionBombError), open_image(path) as image:  # libvips may know the file
        tables = getattr(image, "quantization", None)
        if tables and (quality := jpeg_quality(tables[0])) < CLEAN_QUALITY:
            return Choice(FOR_OTHERS, f"a JPEG of quality {quality:.0f}")
        if image.format in LOSSY:
            return Choice(FOR_OTHERS, f"{path.suffix[1:].upper()}, which compresses with loss")
    srgb = read_photograph(path, allow_large=allow_large).srgb
    top, left = (max(0, length - SIDE) // 2 for length in srgb.shape[:2])
    middle = srgb[top : top + SIDE, left : left + SIDE] / (np.iinfo(srgb.dtype).max / 255)
    if min(middle.shape[:2]) < LEAST:
        return Choice(FOR_CLEAN, "it is too small to be judged")
    if grid_share(luminance(middle.round().astype(np.uint8))) > GRID_SHARE:
        return Choice(FOR_OTHERS, "it has the blocks of a JPEG")
    if (noise := noise_level(middle)) > NOISE:
        return Choice(FOR_OTHERS, f"it is noisy (σ about {noise:.0f} of 255)")
    return Choice(FOR_CLEAN, "no compression or noise was found")


def jpeg_quality(steps: list[int]) -> float:
    """Estimate the quality, as libjpeg counts it, from 20 on, from the quantisation steps of luminance."""
    factor = sum(steps) / float(LUMA_STEPS.sum())
    return 50 / factor if factor > 1 else 100 - 50 * factor


def grid_share(grey: np.ndarray) -> float:
    """Tell how many more coefficients of rounding blocks of one corner have than those of any other, in [0,1].

    ``grey`` is h×w in levels, with at least 16 pixels a side.
    """
    rows, columns = (length // 8 - 1 for length in grey.shape)
    is_fine = np.add.outer(np.arange(8), np.arange(8)) >= 6
    shares = []
    for top, left in np.ndindex(8, 8):
        blocks = grey[top : top + 8 * rows, left : left + 8 * columns].reshape(rows, 8, columns, 8).swapaxes(1, 2)
        fine = dctn(blocks, axes=(2, 3), norm="ortho")[..., is_fine]
        shares.append(float(np.mean(np.abs(fine) < ROUNDING)))
    second, first = sorted(shares)[-2:]
    return first - second


def noise_level(srgb: np.ndarray) -> float:
    """Estimate the standard deviation of a channel's noise in levels from h×w×3, with at least 8 pixels a side.

    The smoothest tenth of an image's parts has the least detail of its own, and some noise less than the others: 0.8
    is what it has of noise alone. Both differences of colour must have it, as one of them may be of patterns.
    """
    height, width = (length // 8 * 8 for length in srgb.shape[:2])
    levels = []
    for other in (0, 2):
        colour = srgb[:height, :width, other] - srgb[:height, :width, 1]
        detail = (colour[::2, ::2] - colour[1::2, ::2] - colour[::2, 1::2] + colour[1::2, 1::2]) / 2
        power = (detail.reshape(height // 8, 4, width // 8, 4) ** 2).mean(axis=(1, 3))
        levels.append(np.sqrt(np.quantile(power, 0.1) / 2) / 0.8)
    return float(min(levels))
