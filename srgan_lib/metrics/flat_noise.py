"""Noise in smooth places of a super-resolved image: speckle, which LPIPS takes for texture and PSNR hardly sees."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from srgan_lib.data.levels import ROUNDING_POWER, in_levels, to_luminance
from srgan_lib.errors import MetricUnavailable

BLOCK = 16  #: pixels a side
SHARE = 0.1  #: of the blocks, the smoothest ones of HR
SIGMA = 2.0  #: pixels, of the Gaussian that is subtracted
SPECKLE = 3.0  #: dB on one image from which reports speak of speckle


def flat_noise(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Measure how much stronger fine detail is than the original's, where the original is smoothest.

    Fine detail is the luminance minus its Gaussian blur of σ = 2 pixels. Its power in SR over that in HR, both with the
    power of rounding to whole levels added, is taken in dB over the tenth of the 16×16 blocks in which HR has the
    least: 0 is the original's own level, below it SR is smoother. See :mod:`srgan_lib.metrics`.
    """
    sr_power, hr_power = map(_block_power, in_levels("flat_noise", data_range, sr=sr, hr=hr))
    flattest = np.argsort(hr_power, kind="stable")[: max(1, round(SHARE * len(hr_power)))]
    sr_mean, hr_mean = (power[flattest].mean() + ROUNDING_POWER for power in (sr_power, hr_power))
    return float(10 * np.log10(sr_mean / hr_mean))


def _block_power(image: np.ndarray) -> np.ndarray:
    """Average the power of an image's fine detail over each whole block: in levels², block by block."""
    grey = to_luminance(image)
    rows, columns = (size // BLOCK for size in grey.shape)
    if not rows * columns:
        raise MetricUnavailable(
            f"flat noise needs {BLOCK} pixels a side, and there are {grey.shape[1]}×{grey.shape[0]}"
        )
    detail = grey - ndimage.gaussian_filter(grey, SIGMA)
    blocks = detail[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return (blocks**2).mean((1, 3)).ravel()
