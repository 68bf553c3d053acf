"""Cutting an image into overlapping tiles so that a network's memory is bounded by the tile, not by the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np


@dataclass(frozen=True)
class Span:
    """One tile along one axis.

    Attributes
    ----------
    start, stop : the LR pixels that the network reads.
    weights : float32, for each HR pixel that comes out; over all tiles of an axis they sum to 1 at every pixel.
    """

    start: int
    stop: int
    weights: np.ndarray


def tile_counts(height: int, width: int, tile: int, overlap: int) -> tuple[int, int]:
    """Into how many rows and columns of tiles to cut an image of LR pixels.

    No tile, with its overlap, covers more than (tile + 2·overlap)² pixels, and of all such grids it is the one with
    the least work. A small image is one tile.
    """
    def candidates(size: int) -> list[tuple[int, int, int]]:
        """Numbers of tiles, each with the longest tile and the pixels read in all."""
        lengths = {count: [stop - start for start, stop in _reads(size, count, overlap)]
                   for count in range(1, min(size, 2 * math.ceil(size / tile)) + 1)}
        return [(count, max(tiles), sum(tiles)) for count, tiles in lengths.items()]

    grids = [(high * wide, rows, columns)
             for (rows, highest, high), (columns, widest, wide) in product(candidates(height), candidates(width))
             if highest * widest <= (tile + 2 * overlap) ** 2]
    return min(grids)[1:]


def cut(size: int, count: int, overlap: int, scale: int, blend: bool) -> list[Span]:
    """Cut an axis of ``size`` LR pixels into ``count`` tiles that read ``overlap`` pixels more on either side.

    Parameters
    ----------
    scale : HR pixels per LR pixel.
    blend : whether neighbours fade into each other over the whole overlap. Otherwise each HR pixel is of one tile only.
    """
    positions = (np.arange(size * scale) + 0.5) / scale
    rises = [np.ones(size * scale)]
    for edge in _edges(size, count)[1:-1]:
        rises.append(np.clip((positions - edge) / (2 * overlap) + 0.5, 0, 1) if blend else (positions > edge) * 1.0)
    rises.append(np.zeros(size * scale))
    return [Span(start, stop, (rise - fall)[start * scale : stop * scale].astype(np.float32))
            for (start, stop), (rise, fall) in zip(_reads(size, count, overlap), pairwise(rises), strict=True)]


def _edges(size: int, count: int) -> list[int]:
    return [round(part * size / count) for part in range(count + 1)]


def _reads(size: int, count: int, overlap: int) -> list[tuple[int, int]]:
    return [(max(first - overlap, 0), min(last + overlap, size)) for first, last in pairwise(_edges(size, count))]
