"""LR-PSNR: whether a super-resolved image, downscaled, is the image that it was made from."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.levels import as_saved, in_levels
from srgan_lib.data.resize import imresize
from srgan_lib.metrics.psnr import psnr


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
