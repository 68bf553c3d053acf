"""Log-spectral distance: how far an image's radially averaged power spectrum is from the original's."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.levels import ROUNDING_POWER
from srgan_lib.data.spectrum import radial_power


def log_spectral_distance(sr: np.ndarray, hr: np.ndarray) -> float:
    """Measure how far the radially averaged spectrum of ``sr`` is from that of ``hr``, in dB (0: equal).

    Root mean square over the rings of 10·log10 of the ratio of powers; to both is added what
    rounding to whole levels adds, so that empty frequencies do not decide.

    Parameters
    ----------
    sr, hr : H×W×3 uint8 arrays.

    References
    ----------
    A. Gray, J. Markel, "Distance measures for speech processing", IEEE TASSP 24, 1976.
    """
    ratio = (radial_power(sr)[1] + ROUNDING_POWER) / (radial_power(hr)[1] + ROUNDING_POWER)
    return float(np.sqrt(np.nanmean((10 * np.log10(ratio)) ** 2)))
