"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import numpy as np

from srgan_lib.data.levels import PEAK


def psnr(sr: np.ndarray, hr: np.ndarray) -> float:
    """Compute the peak signal-to-noise ratio over all values in dB; infinite for equal images.

    Parameters
    ----------
    sr, hr : float64 of one shape, in [0,255].
    """
    difference = (sr - hr).ravel()
    error = difference @ difference / difference.size
    return 10 * math.log10(PEAK**2 / error) if error else math.inf
