"""LR-PSNR: whether a super-resolved image, downscaled, is the image that it was made from."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.resize import imresize
from srgan_lib.metrics.psnr import psnr


def lr_psnr(sr: np.ndarray, hr: np.ndarray, scale: int) -> float:
    """Compute the PSNR between SR and HR after both are downscaled by MATLAB's bicubic ``imresize``, rounded to 8 bits.

    Downscaled HR is the LR input wherever LR was made from HR. The challenges on learning the super-resolution space
    report this score (Lugmayr et al., NTIRE 2021), over all pixels and the three channels.

    Parameters
    ----------
    sr, hr : H×W×3 uint8 of one size; both are cut to multiples of the scale.
    scale : of the enlargement.

    Returns
    -------
    In dB; infinite for equal images.
    """
    height, width = (size - size % scale for size in hr.shape[:2])
    small = (imresize(image[:height, :width], 1 / scale).astype(np.float64) for image in (sr, hr))
    return psnr(*small)
