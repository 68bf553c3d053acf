"""Images in levels, from 0 to 255: what metrics, spectra and luminance take, checked and brought onto one scale.

uint8 images are in levels. Those of floats span [0,1] or [0,255], and guessing which would sometimes be wrong without a
word: whoever gives them says it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from srgan_lib.data.images import ImageError

PEAK = 255.0  #: largest value of 8-bit images
#: Power that rounding to whole levels adds at every frequency, in levels² (uniform error of width 1).
ROUNDING_POWER = 1 / 12
GREY, COLOUR = "H×W", "H×W×3"
DARKEST = 2.0  #: levels: a float image that stays below everywhere is taken for one in [0,1]


def in_levels(
    function: str, data_range: float | None, *, shapes: Sequence[str] = (COLOUR,), **images: np.ndarray
) -> list[np.ndarray]:
    """Check the images that a function was given, and bring those of floats onto 0 to 255.

    uint8 images come back as they are, others as float64 (the same array where it is that already). A ``ValueError``
    refuses another type or shape, floats without ``data_range``, values beyond it, NaN and infinity, and a
    ``data_range`` that is plainly another one's: 1 for uint8, or 255 where no value reaches :data:`DARKEST`; an
    :class:`ImageError` refuses images of unequal sizes.

    Parameters
    ----------
    function : whose images these are, for the message.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255]. They may exceed it by half a level, which
        rounding to 8 bits takes away. uint8 images need none.
    shapes : that are allowed, of :data:`GREY` and :data:`COLOUR`.
    images : by the name of the function's parameter; all of one shape.
    """
    if data_range not in (None, 1, PEAK):
        raise ValueError(f"{function}: data_range is {data_range!r}; allowed: 1 for [0,1] and 255 for [0,255]")
    for name, image in images.items():
        problem = _shape_problem(image, shapes) or _value_problem(image, data_range)
        if problem:
            raise ValueError(f"{function}: {name} {problem}")
    (first, one), *others = images.items()
    for other, two in others:
        if one.ndim != two.ndim:
            raise ValueError(f"{function}: {first} has shape {one.shape} and {other} {two.shape}; give two of one kind")
        if one.shape != two.shape:
            raise ImageError(
                f"{function}: {first} has {one.shape[1]}×{one.shape[0]} pixels and {other} "
                f"{two.shape[1]}×{two.shape[0]}; give images of one size"
            )
    if data_range == 1:
        return [np.multiply(image, PEAK, dtype=np.float64) for image in images.values()]
    return [image if image.dtype == np.uint8 else image.astype(np.float64, copy=False) for image in images.values()]


def in_planes(
    function: str, data_range: float | None, *, shapes: Sequence[str] = (GREY, COLOUR), **images: np.ndarray
) -> list[np.ndarray]:
    """Check images as :func:`in_levels` does, and return them as C×H×W float64 from 0 to 255."""
    levels = in_levels(function, data_range, shapes=shapes, **images)
    return [np.ascontiguousarray(np.atleast_3d(image).transpose(2, 0, 1), np.float64) for image in levels]


def as_saved(levels: np.ndarray) -> np.ndarray:
    """Round what :func:`in_levels` returns to 8 bits, as an image file does; uint8 stays as it is."""
    return levels if levels.dtype == np.uint8 else np.rint(levels).clip(0, PEAK).astype(np.uint8)


def luminance(image: np.ndarray, *, data_range: float | None = None) -> np.ndarray:
    """Compute BT.601 luminance (studio range, 16 to 235) of an H×W×3 image, as H×W float64; see :func:`in_levels`."""
    [levels] = in_levels("luminance", data_range, image=image)
    return to_luminance(levels)


def to_luminance(levels: np.ndarray) -> np.ndarray:
    """Compute the luminance of an H×W×3 image that :func:`in_levels` has checked."""
    return levels @ (np.array([65.481, 128.553, 24.966]) / 255) + 16


def _shape_problem(image: np.ndarray, shapes: Sequence[str]) -> str:
    """Say what is wrong with the kind of array, and what to do; empty if nothing is."""
    if not isinstance(image, np.ndarray):
        kind = f"{type(image).__module__}.{type(image).__qualname__}".removeprefix("builtins.")
        return f"is a {kind}; give a NumPy array, {' or '.join(shapes)}"
    shape = GREY if image.ndim == 2 else COLOUR if image.ndim == 3 and image.shape[-1] == 3 else ""
    if shape in shapes and image.size:
        return ""
    remedies = (
        (not image.size, "it has no pixels"),
        (shape == GREY, "give grey images three equal channels: np.stack([image] * 3, axis=-1)"),
        (shape == COLOUR, "give its luminance (srgan_lib.data.levels)"),
        (image.ndim == 3 and image.shape[0] in (1, 3), "channels come last: image.transpose(1, 2, 0)"),
        (image.ndim == 4, "give one image of the batch at a time"),
    )
    remedy = next((f"; {remedy}" for applies, remedy in remedies if applies), "")
    return f"has shape {image.shape}, not {' or '.join(shapes)}{remedy}"


def _value_problem(image: np.ndarray, data_range: float | None) -> str:
    """Say what is wrong with the values and their range, and what to do; empty if nothing is."""
    if image.dtype == np.uint8:
        return "" if data_range in (None, PEAK) else "is uint8, which spans 255; leave data_range out"
    if not np.issubdtype(image.dtype, np.floating):
        return f"is {image.dtype}; convert it to uint8 from 0 to 255, or to float and say data_range"
    low, high = float(image.min()), float(image.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"has {np.count_nonzero(~np.isfinite(image))} of {image.size} values that are NaN or infinite; mend them"
    values = f"is {image.dtype} with values from {low:.6g} to {high:.6g}"
    if data_range is None:
        return f"{values}; say what they span: data_range=1 for [0,1], data_range=255 for [0,255]"
    slack = data_range / PEAK / 2
    if low < -slack or high > data_range + slack:
        return f"{values}, which exceed data_range={data_range:g}; clip them as saving does, or say their range"
    if data_range == PEAK and 0 < high < DARKEST:
        return f"{values}, which look like [0,1]; say data_range=1, or round them to uint8 if they are so dark"
    return ""
