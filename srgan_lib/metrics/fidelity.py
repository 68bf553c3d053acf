"""How faithful an image is pixel by pixel: PSNR, structural similarity (SSIM) in three kinds, and VIFp.

SSIM is Wang's, the variant of the daala video codec's tools, and that on several scales. The last one and VIFp are
computed by the package piq.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from srgan_lib.data.images import ImageError
from srgan_lib.data.levels import GREY, PEAK, as_saved, in_levels, in_planes
from srgan_lib.data.resize import imresize
from srgan_lib.errors import MetricUnavailable

C1, C2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2


def psnr(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute the peak signal-to-noise ratio over all values in dB; infinite for equal images.

    Images may be H×W×3 or H×W, which is taken for luminance, and no border is removed; else see
    :mod:`srgan_lib.metrics`.
    """
    sr, hr = in_planes("psnr", data_range, sr=sr, hr=hr)
    difference = (sr - hr).ravel()
    error = difference @ difference / difference.size
    return 10 * math.log10(PEAK**2 / error) if error else math.inf


def lr_psnr(sr: np.ndarray, hr: np.ndarray, scale: int, *, data_range: float | None = None) -> float:
    """Compute the PSNR between SR and HR after both are downscaled by MATLAB's bicubic ``imresize``, rounded to 8 bits.

    Downscaled HR is the LR input wherever LR was made from HR. The challenges on learning the super-resolution space
    report this score (Lugmayr et al., NTIRE 2021), over all pixels and the three channels. Images are rounded to 8 bits
    and cut to multiples of the scale first.
    """
    sr, hr = map(as_saved, in_levels("lr_psnr", data_range, sr=sr, hr=hr))
    height, width = (size - size % scale for size in hr.shape[:2])
    small = (imresize(image[:height, :width], 1 / scale) for image in (sr, hr))
    return psnr(*small)


def ssim(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute SSIM, at most 1: 11×11 Gaussian window, σ 1.5, only where the window fits; mean over channels.

    Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE TIP 2004, as in
    their MATLAB code without downsampling. Images may be H×W×3 or H×W, which is taken for luminance (else see
    :mod:`srgan_lib.metrics`); below 11×11 pixels they are an ``ImageError``.
    """
    sr, hr = in_planes("ssim", data_range, sr=sr, hr=hr)
    if min(hr.shape[-2:]) < 11:
        raise ImageError(f"SSIM needs 11×11 pixels without the border, and there are {hr.shape[-1]}×{hr.shape[-2]}")
    return float(np.mean([_structural_similarity(x, y, sigma=1.5, radius=5) for x, y in zip(sr, hr, strict=True)]))


def ssim_daala(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute SSIM of H×W luminance as the daala video codec's tools do, and with them Ledig et al. 2017.

    The Gaussian's σ is 1.5·H/256 for an image of H rows; at the border its window is cut off and renormalised, and a
    pixel counts as much as its window has weight.
    """
    [sr], [hr] = in_planes("ssim_daala", data_range, shapes=(GREY,), sr=sr, hr=hr)
    sigma = 1.5 * len(hr) / 256
    # The window ends where a weight falls below half of the codec's fixed-point step, 1/256.
    radius = int(sigma * math.sqrt(max(0.0, -2 * math.log(math.sqrt(math.pi / 2) * sigma / 256))))
    return _structural_similarity(sr, hr, sigma, radius, whole=True)


def ms_ssim(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute multi-scale SSIM of H×W luminance (Wang, Simoncelli & Bovik 2003).

    Its five scales need 161 pixels a side.
    """
    return _piq("multi_scale_ssim", 161, in_planes("ms_ssim", data_range, shapes=(GREY,), sr=sr, hr=hr))


def vifp(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute visual information fidelity of H×W luminance in the pixel domain (VIFp; Sheikh & Bovik 2006).

    Its four scales need 41 pixels a side.
    """
    return _piq("vif_p", 41, in_planes("vifp", data_range, shapes=(GREY,), sr=sr, hr=hr))


def _structural_similarity(sr: np.ndarray, hr: np.ndarray, sigma: float, radius: int, whole: bool = False) -> float:
    """Compute the mean SSIM of two H×W planes under a Gaussian window, in strips so that work stays in the cache."""
    rows, columns = (_gaussian_bands(size, sigma, radius, whole) for size in hr.shape)
    weights_x = np.concatenate([weights for _, _, weights in columns])
    total = total_weight = 0.0
    for strip, vertical, weights_y in rows:
        x, y = sr[strip], hr[strip]
        fields = vertical @ np.stack([x, y, x * y, x * x + y * y])
        means = [fields[..., band] @ horizontal.T for band, horizontal, _ in columns]
        mean_x, mean_y, mean_xy, mean_squares = np.concatenate(means, axis=-1)
        product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
        similarity = (2 * product + C1) * (2 * (mean_xy - product) + C2)
        similarity /= (squares + C1) * (mean_squares - squares + C2)
        total += weights_y @ similarity @ weights_x
        total_weight += weights_y.sum() * weights_x.sum()
    return float(total / total_weight)


@lru_cache(maxsize=64)
def _gaussian_bands(
    size: int, sigma: float, radius: int, whole: bool, block: int = 32
) -> list[tuple[slice, np.ndarray, np.ndarray]]:
    """Express a Gaussian filter along one axis as small dense matrices, which multiply faster than taps are added.

    For each block of outputs: the inputs it sees, its matrix (rows of sum 1), and the weight that the window had before
    its rows were normalised. ``whole``: windows cut off by the ends of the axis count too.
    """
    bands = []
    first, last = (0, size) if whole else (radius, size - radius)
    for start in range(first, last, block):
        outputs = np.arange(start, min(start + block, last))
        inputs = np.arange(max(outputs[0] - radius, 0), min(outputs[-1] + radius + 1, size))
        distance = abs(np.subtract.outer(outputs, inputs))
        matrix = np.where(distance <= radius, np.exp(-0.5 * (distance / sigma) ** 2), 0.0)
        weights = matrix.sum(axis=1)
        bands.append((slice(inputs[0], inputs[-1] + 1), matrix / weights[:, None], weights))
    return bands


def _piq(name: str, smallest: int, planes: list[np.ndarray]) -> float:
    import piq
    import torch

    _, height, width = planes[0].shape
    if min(height, width) < smallest:
        raise MetricUnavailable(
            f"{name} needs {smallest} pixels a side without the border, and there are {width}×{height}"
        )
    # In float32, for which piq is made: float64 is twenty times slower and differs in the fourth decimal.
    tensors = [torch.tensor(plane, dtype=torch.float32)[None] for plane in planes]
    return getattr(piq, name)(*tensors, data_range=PEAK).item()
