"""Enlarging images of any size with a network, in arrays.

Where an output pixel depends on a small neighbourhood only (SRResNet: 40 LR pixels each way), tiles overlap by just
that much and the result equals that of the whole image, pixel for pixel where the backend adds in one order for all
sizes (on CPUs: widths that are multiples of 16 channels). Tiles of deeper networks overlap by 32 pixels,
and in the middle of that they fade into each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import torch

from srgan_lib.evaluation.tiles import Span, cut, paste, tile_counts
from srgan_lib.models.base import SMALL_TILE, SuperResolver
from srgan_lib.models.receptive_field import receptive_radius

BLENDED_OVERLAP, FADE = 32, 8  #: LR pixels, for networks that see too far for an exact overlap
SMALLEST_TILE = 32

#: The value that stands for 1 in an image of each type.
LEVELS = {"uint8": 255, "uint16": 65535, "float32": 1}

Progress = Callable[[int, int], None]


def upscale_array(model: SuperResolver, lr: np.ndarray, **options: Any) -> np.ndarray:
    """Enlarge an image with a network in evaluation mode; the options are those of :func:`upscale_strips`.

    Returns
    -------
    (scale·h)×(scale·w)×3 of the type of ``lr``: clipped and rounded once, here.
    """
    strips = list(upscale_strips(model, lr, **options))
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

    Parameters
    ----------
    model : any of this project's generators, or SRCNN.
    lr : h×w×3, uint8 or uint16 over their whole range, or float32 in [0,1].
    tile : LR pixels per side of a tile, its overlap not counted; bounds the memory. None: as the network says.
        If the memory does not suffice the tile is halved.
    device, dtype : where and in what precision (``float32``, ``bfloat16``) the network computes.
    self_ensemble : average the results of the eight flips and turns of each tile (Timofte et al., CVPR 2016).
    on_progress : called with the tiles done and the tiles in all.

    Yields
    ------
    Strips from top to bottom, rows×(scale·w)×3 of the type of ``lr``, (scale·h) rows together.
    """
    training = model.training
    model.eval().to(device)
    side, done = tile or getattr(model, "tile", SMALL_TILE), 0
    try:
        while True:
            try:
                for strip in _strips(model, lr, side, done, device, dtype, self_ensemble, on_progress):
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
    lr: np.ndarray,
    tile: int,
    done: int,
    device: str,
    dtype: str,
    self_ensemble: bool,
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
            result = _run(model, lr[row.start : row.stop, column.start : column.stop], device, dtype, self_ensemble)
            part = strip[:, column.start * scale : column.stop * scale]
            _paste(part.swapaxes(0, 1), result.swapaxes(0, 1), column, fade, scale)
            if on_progress:
                on_progress(number * column_count + index, row_count * column_count)
        if above is not None:
            _paste(above, strip[: len(above)], row, fade, scale)
            strip[: len(above)] = above
        first = row.start * scale
        stop = (below.edge - fade) * scale if below else height * scale
        above = strip[below.start * scale - first :].copy() if below else None
        if stop > done:
            yield strip[done - first : stop - first]
            done = stop


def _paste(below: np.ndarray, above: np.ndarray, span: Span, fade: int, scale: int) -> None:
    paste(below, above, (span.edge - span.start) * scale, fade * scale if span.edge else 0)


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
    if tile.dtype != np.float32:
        levels = levels.mul_(most).add_(0.5)
    return (
        levels.clamp_(0, most).to(pixels.dtype).permute(1, 2, 0).cpu().numpy()
    )  # integers drop what is behind the point


def _self_ensemble(model: SuperResolver, images: torch.Tensor) -> torch.Tensor:
    """Average the network's outputs for all eight flips and turns of the image."""
    total = torch.zeros((), device=images.device)
    for flip, turns in product((False, True), range(4)):
        turned = torch.rot90(images.flip(3) if flip else images, turns, (2, 3))
        output = torch.rot90(model(turned.contiguous(memory_format=torch.channels_last)), -turns, (2, 3))
        total = total + (output.flip(3) if flip else output)
    return total / 8


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out: CUDA raises a type of its own, the CPU allocator a RuntimeError with one of these texts."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(
        text in str(error) for text in ("can't allocate memory", "not enough memory")
    )
