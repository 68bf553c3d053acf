"""Peak signal-to-noise ratio, of super-resolved images and of the LR images that they shrink to."""

from __future__ import annotations

import math

import numpy as np

from srgan_lib.data.levels import PEAK, as_saved, in_levels, in_planes
from srgan_lib.data.resize import imresize


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


def lr_psnr(sr: np.ndarray, hr: np.ndarray, scale: int, *, data_range: float | None = None) -> float:
    """Compute the PSNR between SR and HR after both are downscaled by MATLAB's bicubic ``imresize``, rounded to 8 bits.

    Downscaled HR is the LR input wherever LR was made from HR. The challenges on learning the super-resolution space
    report this score (Lugmayr et al., NTIRE 2021), over all pixels and the three channels.

    Parameters
    ----------
    sr, hr : H×W×3, uint8 or float (rounded to 8 bits first), of one size; both are cut to multiples of the scale.
    scale : of the enlargement.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255].

    Returns
    -------
    In dB; infinite for equal images.

    Raises
    ------
    ValueError, ImageError
        For other images, and floats whose range is not said or wrong; see :func:`~srgan_lib.data.levels.in_levels`.
    """
    sr, hr = map(as_saved, in_levels("lr_psnr", data_range, sr=sr, hr=hr))
    height, width = (size - size % scale for size in hr.shape[:2])
    small = (imresize(image[:height, :width], 1 / scale) for image in (sr, hr))
    return psnr(*small)
