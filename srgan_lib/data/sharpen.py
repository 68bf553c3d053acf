"""Unsharp masking: the sharpened originals that Real-ESRGAN makes its LR images of and trains towards.

X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN", ICCV Workshops 2021, section 3.5; values of its published code.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from srgan_lib.params.shared import SHARPENING_RADIUS as RADIUS

SIGMA = 8.0  #: its standard deviation, in pixels
WEIGHT = 0.5  #: how much of what is finer than the Gaussian is added
THRESHOLD = 10 / 255  #: detail that differs less stays as it is, with soft borders


def sharpened(images: Tensor) -> Tensor:
    """Sharpen N×3×H×W images in [0,1] where they have contrast; H and W exceed ``SHARPENING_RADIUS``."""
    detail = images - _blur(images)
    mask = _blur((detail.abs() > THRESHOLD).to(images.dtype))
    return torch.lerp(images, (images + WEIGHT * detail).clamp(0, 1), mask)


def _blur(images: Tensor) -> Tensor:
    """Convolve with the Gaussian, borders mirrored."""
    offsets = torch.arange(-RADIUS, RADIUS + 1, device=images.device, dtype=images.dtype)
    kernel = torch.softmax(-0.5 * (offsets / SIGMA) ** 2, dim=0)
    planes = F.pad(images, (RADIUS,) * 4, mode="reflect").flatten(0, 1)[:, None]
    rows = F.conv2d(planes, kernel[None, None, :, None])
    return F.conv2d(rows, kernel[None, None, None]).reshape(images.shape)
