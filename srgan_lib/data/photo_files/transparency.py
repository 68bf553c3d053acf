"""Transparent images without fringes: colours and transparency are enlarged apart.

A network that saw a transparent image on black would draw an edge there, and the result would have a dark fringe on
any other ground. So colours that cannot be seen are first replaced by those of the visible surroundings, weighted by
their opacity (premultiplied), as in the push-pull of Gortler et al., "The Lumigraph", SIGGRAPH 1996, §3.4.2.
"""

from __future__ import annotations

import numpy as np


def fill_invisible(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Give fully transparent pixels the colours around them.

    Parameters
    ----------
    colours : h×w×3.
    alpha : h×w of the same integer type.

    Returns
    -------
    Of the shape and type of ``colours``; pixels of any opacity are unchanged.
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colours
    weight = alpha.astype(np.float32) / np.iinfo(alpha.dtype).max
    surroundings = _push_pull(colours * weight[..., None], weight)
    filled = colours.copy()
    filled[hidden] = np.rint(surroundings[hidden])
    return filled


def _push_pull(premultiplied: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Fill pixels without weight from ever coarser means, weighted, of 2×2 pixels."""
    height, width = weight.shape
    own = premultiplied / np.maximum(weight, 1e-6)[..., None]
    if (weight > 0).all() or max(height, width) == 1:
        return own
    margin = (0, height % 2), (0, width % 2)
    sums = _halve(np.pad(premultiplied, (*margin, (0, 0))))
    weights = _halve(np.pad(weight, margin))
    coarse = _push_pull(sums, weights).repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where((weight > 0)[..., None], own, coarse)


def _halve(image: np.ndarray) -> np.ndarray:
    return (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4


def hold_to_range(enlarged: np.ndarray, alpha: np.ndarray, first: int, scale: int) -> np.ndarray:
    """Hold an enlarged transparency between those of the four LR pixels around each of its pixels.

    So a mask has no ringing beside its edges, and what is opaque stays just that.

    Parameters
    ----------
    enlarged : rows×(scale·w), the strip of the result that begins with row ``first``.
    alpha : h×w, the LR image's, of the same type.
    """
    rows, columns = (
        (start + np.arange(count) + scale // 2) // scale
        for start, count in zip((first, 0), enlarged.shape, strict=True)
    )
    around = np.pad(alpha[max(rows[0] - 1, 0) : rows[-1] + 1], ((rows[0] == 0, rows[-1] == len(alpha)), (1, 1)), "edge")
    corners = around[:-1, :-1], around[1:, :-1], around[:-1, 1:], around[1:, 1:]
    rows -= rows[0]
    least, most = (function.reduce(corners)[rows][:, columns] for function in (np.minimum, np.maximum))
    return np.clip(enlarged, least, most)
