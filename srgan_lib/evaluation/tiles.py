"""Cutting an image into overlapping tiles so that a network's memory is bounded by the tile, not by the image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np


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

    def candidates(size: int) -> list[tuple[int, int, int]]:
        """Yield numbers of tiles, each with the longest tile and the total of pixels read."""
        lengths = {
            count: [stop - start for start, stop in _reads(_edges(size, count), overlap)]
            for count in range(1, min(size, 2 * math.ceil(size / tile)) + 1)
        }
        return [(count, max(tiles), sum(tiles)) for count, tiles in lengths.items()]

    grids = [
        (high * wide, rows, columns)
        for (rows, highest, high), (columns, widest, wide) in product(candidates(height), candidates(width))
        if highest * widest <= (tile + 2 * overlap) ** 2
    ]
    return min(grids)[1:]


def cut(size: int, count: int, overlap: int) -> list[Span]:
    """Cut an axis of ``size`` pixels into ``count`` tiles that read ``overlap`` pixels more on either side."""
    edges = _edges(size, count)
    return [Span(start, stop, edge) for (start, stop), edge in zip(_reads(edges, overlap), edges, strict=False)]


def paste(below: np.ndarray, above: np.ndarray, edge: int, fade: int) -> None:
    """Lay the rows of one tile's result over those of the tiles before it, in place.

    Parameters
    ----------
    below, above : of one shape and type; before ``edge - fade``, ``below`` stays, and from ``edge + fade`` on ``above``
        takes its place. Between the two, ``above`` fades in.
    """
    mixed = slice(edge - fade, edge + fade)
    share = ((np.arange(2 * fade) + 0.5) / (2 * fade)).astype(np.float32).reshape(-1, *[1] * (below.ndim - 1))
    blend = below[mixed] + share * (above[mixed].astype(np.float32) - below[mixed])
    below[mixed] = blend if below.dtype == np.float32 else np.rint(blend)
    below[edge + fade :] = above[edge + fade :]


def _edges(size: int, count: int) -> list[int]:
    return [round(part * size / count) for part in range(count + 1)]


def _reads(edges: list[int], overlap: int) -> list[tuple[int, int]]:
    return [(max(first - overlap, 0), min(last + overlap, edges[-1])) for first, last in pairwise(edges)]
