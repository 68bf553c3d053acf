"""Radially averaged power spectra: which detail an image has, without any learned weights."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

from srgan_lib.data.levels import luminance


def radial_power(image: np.ndarray, bins: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Compute the power spectrum of an image, averaged over all directions.

    The mean is removed and a Hann window applied, so that the jump between opposite borders does
    not drown the high frequencies. White noise of variance v has power v at every frequency.

    Parameters
    ----------
    image : H×W×3 uint8 (its luminance is taken), or H×W luminance in levels.
    bins : equal rings from 0 to 0.5 cycles per pixel, the highest frequency an image can hold in
        every direction.

    Returns
    -------
    frequency : the rings' centres in cycles per pixel.
    power : in levels²; NaN in rings that a small image has no frequency in.
    """
    grey = luminance(image) if image.ndim == 3 else np.asarray(image, np.float64)
    window = np.outer(hann(grey.shape[0]), hann(grey.shape[1]))
    # The window's weighted mean is removed: a constant image then has no power at all.
    grey = (grey - (grey * window).sum() / window.sum()) * window
    power = np.abs(fft.rfft2(grey)) ** 2 / (window**2).sum()
    ring, count, share = _rings(grey.shape, bins)
    total = np.bincount(ring, weights=(power * share).ravel(), minlength=bins + 1)[:bins]
    with np.errstate(invalid="ignore"):
        return (np.arange(bins) + 0.5) / (2 * bins), total / count


def hann(size: int) -> np.ndarray:
    """Make a Hann window without the zeros at its ends."""
    return np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2


@lru_cache(maxsize=8)
def _rings(shape: tuple[int, int], bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Assign each frequency of an rfft2 to a ring (``bins``: beyond), with the size of each ring and each frequency's weight."""
    rows, columns = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])
    ring = np.minimum(np.hypot(rows, columns) * 2 * bins, bins).astype(int).ravel()
    # rfft2 leaves out the conjugate half: columns count twice, but for the first (and the last, which no ring reaches).
    share = np.full(len(columns), 2.0)
    share[0] = 1
    weights = np.broadcast_to(share, (shape[0], len(columns))).ravel()
    return ring, np.bincount(ring, weights=weights, minlength=bins + 1)[:bins], share
