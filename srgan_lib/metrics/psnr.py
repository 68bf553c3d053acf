"""Peak signal-to-noise ratio."""

from __future__ import annotations

import math

import numpy as np

from srgan_lib.data.levels import PEAK, in_planes


def psnr(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute the peak signal-to-noise ratio over all values in dB; infinite for equal images.

    Parameters
    ----------
    sr, hr : H×W or H×W×3, uint8 or float, of one size. No border is removed.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255] (also for luminance).

    Raises
    ------
    ValueError, ImageError
        For other images, and floats whose range is not said or wrong; see :func:`~srgan_lib.data.levels.in_levels`.
    """
    sr, hr = in_planes("psnr", data_range, sr=sr, hr=hr)
    difference = (sr - hr).ravel()
    error = difference @ difference / difference.size
    return 10 * math.log10(PEAK**2 / error) if error else math.inf
