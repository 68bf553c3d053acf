"""NIQE: how far an image's statistics are from those of pristine photographs, without a reference.

Mittal, Soundararajan & Bovik, "Making a 'Completely Blind' Image Quality Analyzer", IEEE Signal Processing Letters 20,
2013. ``niqe.csv`` holds the authors' model of 125 pristine photographs; niqe.md names its origin and licence.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

import numpy as np
from scipy.ndimage import correlate1d
from scipy.special import gamma

from srgan_lib.data.levels import in_levels, to_luminance
from srgan_lib.data.resize import imresize
from srgan_lib.errors import MetricUnavailable

logger = logging.getLogger(__name__)

BLOCK = 96  #: pixels per side of the blocks whose statistics are modelled
RELIABLE_BLOCKS = 12  #: with fewer, the covariance of 36 features is poorly determined
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))  #: neighbours: horizontal, vertical and the two diagonals


def niqe(image: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute NIQE of a whole image (see :mod:`srgan_lib.metrics`); lower is closer to pristine photographs.

    Only whole blocks of 96×96 pixels count; with fewer than 12 the score is unreliable, which is logged. Images that do
    not hold two blocks, or are flat in all but one, raise ``MetricUnavailable``.
    """
    [image] = in_levels("niqe", data_range, image=image)
    rows, columns = image.shape[0] // BLOCK, image.shape[1] // BLOCK
    if rows * columns < 2:
        raise MetricUnavailable(
            f"NIQE needs two blocks of {BLOCK}×{BLOCK} pixels "
            f"and the image has {image.shape[1]}×{image.shape[0]} pixels"
        )
    if rows * columns < RELIABLE_BLOCKS:
        logger.warning(
            f"NIQE is unreliable for images with fewer than {RELIABLE_BLOCKS} blocks of {BLOCK}×{BLOCK} pixels, which "
            "some of these are"
        )
    plane = np.rint(to_luminance(image[: rows * BLOCK, : columns * BLOCK]))
    half = imresize(plane / 255, 0.5, "float") * 255
    features = np.hstack([_features(plane, BLOCK), _features(half, BLOCK // 2)])
    structured = features[np.isfinite(features).all(axis=1)]
    if len(structured) < 2:
        raise MetricUnavailable(f"NIQE needs two blocks of {BLOCK}×{BLOCK} pixels that are not flat")
    mean, covariance = _pristine()
    difference = mean - np.nanmean(features, axis=0)
    own = np.cov(structured, rowvar=False)
    return float(np.sqrt(difference @ np.linalg.pinv((covariance + own) / 2) @ difference))


def _features(plane: np.ndarray, side: int) -> np.ndarray:
    """Compute the 18 features of each side×side block of H×W luminance in levels."""
    mean = _smooth(plane)
    deviation = np.sqrt(np.abs(_smooth(plane**2) - mean**2))
    normalised = (plane - mean) / (deviation + 1)  # equation 1
    height, width = plane.shape
    blocks = normalised.reshape(height // side, side, width // side, side).swapaxes(1, 2).reshape(-1, side, side)
    shape, left, right = _fit(blocks)
    features = [shape, (left + right) / 2]
    for shift in SHIFTS:
        shape, left, right = _fit(blocks * np.roll(blocks, shift, axis=(1, 2)))
        features += [shape, (right - left) * gamma(2 / shape) / gamma(1 / shape), left, right]  # equation 8
    return np.stack(features, axis=1)


def _fit(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit asymmetric generalised Gaussians to blocks by moments: shape, left and right scale of each (equation 7)."""
    values = blocks.reshape(len(blocks), -1)
    squares = values**2
    with np.errstate(invalid="ignore", divide="ignore"):
        left, right = (
            np.sqrt(np.where(side, squares, 0).sum(axis=1) / side.sum(axis=1)) for side in (values < 0, values > 0)
        )
        ratio = left / right
        moment = np.abs(values).mean(axis=1) ** 2 / squares.mean(axis=1)
        moment *= (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    shapes, moments = _moments()
    shape = shapes[np.abs(moments - moment[:, None]).argmin(axis=1)]
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * scale, right * scale


def _smooth(plane: np.ndarray) -> np.ndarray:
    """Weight 7×7 neighbourhoods with a Gaussian of σ 7/6, the border replicated."""
    window = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
    window /= window.sum()
    return correlate1d(correlate1d(plane, window, axis=0, mode="nearest"), window, axis=1, mode="nearest")


@cache
def _moments() -> tuple[np.ndarray, np.ndarray]:
    """Tabulate the moment ratio of generalised Gaussians by shape, from 0.2 to 10."""
    shapes = np.arange(0.2, 10.001, 0.001)
    return shapes, gamma(2 / shapes) ** 2 / (gamma(1 / shapes) * gamma(3 / shapes))


@cache
def _pristine() -> tuple[np.ndarray, np.ndarray]:
    """Read mean (36) and covariance (36×36) of the features of pristine photographs."""
    table = np.loadtxt(Path(__file__).with_suffix(".csv"), delimiter=",")
    return table[0], table[1:]
