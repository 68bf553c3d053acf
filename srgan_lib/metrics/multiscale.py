"""Multi-scale SSIM and VIFp, by the package piq."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.levels import GREY, PEAK, in_planes
from srgan_lib.metrics.lpips import MetricUnavailable


def ms_ssim(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute multi-scale SSIM (Wang, Simoncelli & Bovik 2003) on five scales.

    Parameters
    ----------
    sr, hr : H×W luminance, uint8 or float, of one size.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255].

    Raises
    ------
    ValueError, ImageError
        For other images, and floats whose range is not said or wrong; see :func:`~srgan_lib.data.levels.in_levels`.
    MetricUnavailable
        For images below 161 pixels a side, which five scales need.
    """
    planes = in_planes("ms_ssim", data_range, shapes=(GREY,), sr=sr, hr=hr)
    return _piq("multi_scale_ssim", 161, planes)


def vifp(sr: np.ndarray, hr: np.ndarray, *, data_range: float | None = None) -> float:
    """Compute visual information fidelity in the pixel domain (VIFp; Sheikh & Bovik 2006).

    Parameters
    ----------
    sr, hr : H×W luminance, uint8 or float, of one size.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255].

    Raises
    ------
    ValueError, ImageError
        For other images, and floats whose range is not said or wrong; see :func:`~srgan_lib.data.levels.in_levels`.
    MetricUnavailable
        For images below 41 pixels a side, which four scales need.
    """
    planes = in_planes("vifp", data_range, shapes=(GREY,), sr=sr, hr=hr)
    return _piq("vif_p", 41, planes)


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
