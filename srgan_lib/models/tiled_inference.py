"""Enlarging images of any size with a network, in overlapping tiles that bound its memory.

Where an output pixel depends on a small neighbourhood only (SRResNet: 40 LR pixels each way), tiles overlap by just
that much and the result equals that of the whole image, pixel for pixel where the backend adds in one order for all
sizes (on CPUs: widths that are multiples of 16 channels). Tiles of deeper networks overlap by 32 pixels, and in the
middle of that they fade into each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from srgan_lib.errors import SrganError
from srgan_lib.models.base import SMALL_TILE, SuperResolver
from srgan_lib.models.files import load
from srgan_lib.models.generators import ARCHITECTURES
from srgan_lib.models.srresnet import ChannelAttention
from srgan_lib.models.upsample import BicubicUpsample, ConvAfterShuffle

LARGEST_RADIUS = 64  #: LR pixels; deeper networks are tiled with a blended overlap instead
BLENDED_OVERLAP, FADE = 32, 8  #: LR pixels, for networks that see too far for an exact overlap
SMALLEST_TILE = 32

#: The value that stands for 1 in an image of each type.
LEVELS = {"uint8": 255, "uint16": 65535, "float32": 1}

Progress = Callable[[int, int], None]


class NotFinite(SrganError):
    """What a network computes is no image."""


def upscale(lr: np.ndarray, model: str | Path | SuperResolver = "srgan", **options: Any) -> np.ndarray:
    """Enlarge an h×w×3 image with a network, a shipped one by default, to (scale·h)×(scale·w)×3 of the same type.

    The model is a network, or what :func:`~srgan_lib.models.files.load` takes; else see :func:`upscale_strips`.
    """
    network = load(model) if isinstance(model, str | Path) else model
    strips = list(upscale_strips(network, lr, **options))
    return strips[0] if len(strips) == 1 else np.concatenate(strips)


def upscale_strips(
    model: SuperResolver,
    lr: np.ndarray,
    *,
    tile: int | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    self_ensemble: bool = False,
    on_progress: Progress | None = None,
) -> Iterator[np.ndarray]:
    """Enlarge an image with a network in evaluation mode, a row of tiles at a time, so that no result is held whole.

    Strips come from top to bottom, clipped and rounded: rows×(scale·w)×3 of the type of ``lr``, scale·h rows in all.
    :class:`NotFinite` says that the network computes numbers that are infinite or none.

    Parameters
    ----------
    lr : h×w×3, uint8 or uint16 over their whole range, or float32 in [0,1].
    tile : LR pixels per side of a tile, its overlap not counted; bounds the memory. None: as the network says.
        If the memory does not suffice the tile is halved.
    device, dtype : where and in what precision (``float32``, ``bfloat16``) the network computes.
    self_ensemble : average the results of the eight flips and turns of each tile (Timofte et al., CVPR 2016).
    on_progress : called with the tiles done and the tiles in all.
    """
    training = model.training
    model.eval().to(device)
    run = partial(_run, model, device=device, dtype=dtype, self_ensemble=self_ensemble)
    side, done = tile or getattr(model, "tile", SMALL_TILE), 0
    try:
        while True:
            try:
                for strip in _strips(model, run, lr, side, done, on_progress):
                    done += len(strip)
                    yield strip
                return
            except (MemoryError, RuntimeError) as error:
                if not _is_out_of_memory(error) or side <= SMALLEST_TILE:
                    raise
            side = max(side // 2, SMALLEST_TILE)
    finally:
        model.train(training)


def _strips(
    model: SuperResolver,
    run: Callable[[np.ndarray], np.ndarray],
    lr: np.ndarray,
    tile: int,
    done: int,
    on_progress: Progress | None,
) -> Iterator[np.ndarray]:
    """Yield the rows of the result from row ``done`` on; rows of tiles that end before it are not computed."""
    (height, width), scale, radius = lr.shape[:2], model.scale, receptive_radius(model)
    overlap, fade = (BLENDED_OVERLAP, FADE) if radius is None else (radius, 0)
    row_count, column_count = tile_counts(height, width, tile, overlap)
    rows = cut(height, row_count, overlap)
    above = None  # what the row of tiles above has computed of this one
    for number, row in enumerate(rows):
        below = rows[number + 1] if number + 1 < row_count else None
        if below and (below.edge + fade) * scale <= done:
            continue
        strip = np.empty(((row.stop - row.start) * scale, width * scale, 3), lr.dtype)
        for index, column in enumerate(cut(width, column_count, overlap), start=1):
            result = run(lr[row.start : row.stop, column.start : column.stop])
            part = strip[:, column.start * scale : column.stop * scale]
            edge = (column.edge - column.start) * scale
            paste(part.swapaxes(0, 1), result.swapaxes(0, 1), edge, fade * scale if column.edge else 0)
            if on_progress:
                on_progress(number * column_count + index, row_count * column_count)
        if above is not None:
            paste(above, strip[: len(above)], (row.edge - row.start) * scale, fade * scale)
            strip[: len(above)] = above
        first = row.start * scale
        stop = (below.edge - fade) * scale if below else height * scale
        above = strip[below.start * scale - first :].copy() if below else None
        if stop > done:
            yield strip[done - first : stop - first]
            done = stop


@torch.inference_mode()
def _run(model: SuperResolver, tile: np.ndarray, device: str, dtype: str, self_ensemble: bool) -> np.ndarray:
    """Run the network on h×w×3 pixels; the result is (scale·h)×(scale·w)×3 of the same type."""
    pixels = torch.from_numpy(tile.copy()).to(device)
    most = LEVELS[tile.dtype.name]
    # .to() gives the batch a stride of its own; after .contiguous() kernels for the other layout would be chosen, which
    # are slower and add in an order that depends on the image's size.
    images = pixels.permute(2, 0, 1)[None].to(torch.float32, copy=True, memory_format=torch.channels_last).div_(most)
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
        sr = _self_ensemble(model, images) if self_ensemble else model(images)
    levels = sr[0].float()
    if not levels.isfinite().all():
        raise NotFinite("the network computes infinite numbers or none at all: its weights are damaged; take others")
    if tile.dtype != np.float32:
        levels = levels.mul_(most).add_(0.5)
    levels = levels.clamp_(0, most).to(pixels.dtype)  # integers drop what is behind the point
    return levels.permute(1, 2, 0).cpu().numpy()


def _self_ensemble(model: SuperResolver, images: torch.Tensor) -> torch.Tensor:
    """Average the network's outputs for all eight flips and turns of the image."""
    total = torch.zeros((), device=images.device)
    for flip, turns in product((False, True), range(4)):
        turned = torch.rot90(images.flip(3) if flip else images, turns, (2, 3))
        output = torch.rot90(model(turned.contiguous(memory_format=torch.channels_last)), -turns, (2, 3))
        total = total + (output.flip(3) if flip else output)
    return total / 8


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out: CUDA has its own type, the CPU allocator raises RuntimeErrors of these texts."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(
        text in str(error) for text in ("can't allocate memory", "not enough memory")
    )


def receptive_radius(model: SuperResolver) -> int | None:
    """Find how many LR pixels each way an output pixel depends on; none if that is over 64, unknown or the whole image.

    Sums the reach of all convolutions in LR pixels, in the order in which the data passes them. A network of the user's
    own may do more than convolve, so that only its attribute ``receptive_radius`` counts.
    """
    if type(model) not in ARCHITECTURES.values():
        declared = getattr(model, "receptive_radius", None)
        return declared if declared is not None and declared <= LARGEST_RADIUS else None
    reach, resolution = 0.0, model.scale // model.factor
    for module in model.modules():
        match module:
            case ChannelAttention():
                return None
            case ConvAfterShuffle(factor=factor) | nn.PixelShuffle(upscale_factor=factor):
                resolution *= factor
            case nn.Upsample(scale_factor=float(factor)):
                resolution *= int(factor)
        if isinstance(module, nn.Conv2d):
            reach += module.kernel_size[0] // 2 / resolution
    if model.input == "bicubic":
        reach += BicubicUpsample.RADIUS
    if model.consistency is not None:
        reach += model.consistency.reach
    radius = max(math.ceil(reach), BicubicUpsample.RADIUS)
    return radius if radius <= LARGEST_RADIUS else None


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in LR pixels: what the network reads, and where the tile's own pixels begin."""

    start: int
    stop: int
    edge: int


def tile_counts(height: int, width: int, tile: int, overlap: int) -> tuple[int, int]:
    """Choose the numbers of rows and columns of tiles for an image of LR pixels.

    No tile, with its overlap, covers more than (tile + 2·overlap)² pixels, and of all such grids it is the one with
    the least work. A small image is one tile.
    """

    def candidates(size: int) -> Iterator[tuple[int, int, int]]:
        """Yield numbers of tiles, each with the longest tile and the total of pixels read."""
        for count in range(1, min(size, 2 * math.ceil(size / tile)) + 1):
            tiles = [span.stop - span.start for span in cut(size, count, overlap)]
            yield count, max(tiles), sum(tiles)

    grids = [
        (high * wide, rows, columns)
        for (rows, highest, high), (columns, widest, wide) in product(candidates(height), candidates(width))
        if highest * widest <= (tile + 2 * overlap) ** 2
    ]
    return min(grids)[1:]


def cut(size: int, count: int, overlap: int) -> list[Span]:
    """Cut an axis of ``size`` pixels into ``count`` tiles that read ``overlap`` pixels more on either side."""
    edges = [round(part * size / count) for part in range(count + 1)]
    return [Span(max(edge - overlap, 0), min(end + overlap, size), edge) for edge, end in pairwise(edges)]


def paste(below: np.ndarray, above: np.ndarray, edge: int, fade: int) -> None:
    """Lay the rows of one tile's result over those of the tiles before it, of one shape and type, in place.

    Before ``edge - fade`` ``below`` stays, from ``edge + fade`` on ``above`` takes its place, and fades in between.
    """
    mixed = slice(edge - fade, edge + fade)
    share = ((np.arange(2 * fade) + 0.5) / (2 * fade)).astype(np.float32).reshape(-1, *[1] * (below.ndim - 1))
    blend = below[mixed] + share * (above[mixed].astype(np.float32) - below[mixed])
    below[mixed] = blend if below.dtype == np.float32 else np.rint(blend)
    below[edge + fade :] = above[edge + fade :]
