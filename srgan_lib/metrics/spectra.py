"""Log-spectral distance: how far an image's radially averaged power spectrum is from the original's."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.levels import ROUNDING_POWER, in_levels, to_luminance
from srgan_lib.data.spectrum import radial_power


def log_spectral_distance(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Measure how far the radially averaged spectrum of ``sr`` is from that of ``hr``, in dB (0: equal).

    Root mean square over the rings of 10·log10 of the ratio of powers; to both is added what
    rounding to whole levels adds, so that empty frequencies do not decide.

    Parameters
    ----------
    sr, hr : H×W×3, uint8 or float, of one size.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255].

    Raises
    ------
    ValueError, ImageError
        For other images, and floats whose range is not said or wrong; see :func:`~srgan_lib.data.levels.in_levels`.

    References
    ----------
    A. Gray, J. Markel, "Distance measures for speech processing", IEEE TASSP 24, 1976.
    """
    planes = map(to_luminance, in_levels("log_spectral_distance", data_range, sr=sr, hr=hr))
    sr_power, hr_power = (radial_power(plane)[1] + ROUNDING_POWER for plane in planes)
    ratio = sr_power / hr_power
    return float(np.sqrt(np.nanmean((10 * np.log10(ratio)) ** 2)))
