"""Multi-scale SSIM and VIFp, by the package piq."""

from __future__ import annotations

import numpy as np

from srgan_lib.data.levels import PEAK
from srgan_lib.metrics.lpips import MetricUnavailable


def ms_ssim(sr: np.ndarray, hr: np.ndarray) -> float:
    """Compute multi-scale SSIM (Wang, Simoncelli & Bovik 2003) on five scales.

    Parameters
    ----------
    sr, hr : 1×H×W float64 of one shape, in [0,255].

    Raises
    ------
    MetricUnavailable
        For images below 161 pixels a side, which five scales need.
    """
    return _piq("multi_scale_ssim", 161, sr, hr)


def vifp(sr: np.ndarray, hr: np.ndarray) -> float:
    """Compute visual information fidelity in the pixel domain (VIFp; Sheikh & Bovik 2006).

    Parameters
    ----------
    sr, hr : 1×H×W float64 of one shape, in [0,255].

    Raises
    ------
    MetricUnavailable
        For images below 41 pixels a side, which four scales need.
    """
    return _piq("vif_p", 41, sr, hr)


def _piq(name: str, smallest: int, sr: np.ndarray, hr: np.ndarray) -> float:
    import piq
    import torch

    if min(hr.shape[-2:]) < smallest:
        raise MetricUnavailable(
            f"{name} needs {smallest} pixels a side without the border, and there are {hr.shape[-1]}×{hr.shape[-2]}"
        )
    # In float32, for which piq is made: float64 is twenty times slower and differs in the fourth decimal.
    planes = [torch.tensor(plane, dtype=torch.float32)[None] for plane in (sr, hr)]
    return getattr(piq, name)(*planes, data_range=PEAK).item()
