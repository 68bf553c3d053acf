"""Making an enlarged image agree with the small one that it was made from."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.data.resize import bicubic_kernel

REACH = 10  #: LR pixels each way of the inverse filter; what it leaves out is below 1e-4 of its middle
EDGE = 2  #: LR pixels along each side whose value depends on what lies outside the image


class LRConsistency(nn.Module):
    """Adds the smallest change after which MATLAB's bicubic ``imresize`` gives the LR image back.

    With A for making small, the result is x + A⁺(y − A·x): the part of x that LR images do not show (A's null space)
    stays, the other is LR's own (Wang et al., "GAN Prior based Null-Space Learning for Consistent Super-Resolution",
    AAAI 2023). A⁺ = Aᵀ(A·Aᵀ)⁻¹ is separable, so that both are short filters along rows and columns. Two LR pixels along
    the image's border are left as they are, since they depend on what lies outside. It has no parameters, is linear,
    and is right for images that were made small so, and no others.
    """

    small: Tensor
    inverse: Tensor
    reach = REACH + 2 * EDGE  #: LR pixels each way that decide a change

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        for name, taps in zip(("small", "inverse"), _filters(scale), strict=True):
            self.register_buffer(name, torch.tensor(taps, dtype=torch.float32), persistent=False)

    def forward(self, sr: Tensor, lr: Tensor) -> Tensor:
        """Change N×C×(scale·h)×(scale·w) images so that they agree with N×C×h×w ones, both in [0,1], in float32."""
        if min(lr.shape[-2:]) <= 2 * EDGE:
            return sr
        with torch.autocast(sr.device.type, enabled=False):
            sr, lr = sr.to(self.small.dtype), lr.to(self.small.dtype)
            missing = lr[..., EDGE:-EDGE, EDGE:-EDGE] - self.reduced(sr)
            return sr + self.enlarged(F.pad(missing, 4 * [EDGE]))

    def reduced(self, images: Tensor) -> Tensor:
        """Reduce N×C×(scale·h)×(scale·w), without two LR pixels along each side."""
        channels = int(images.shape[1])  # a constant also while the network is traced
        outside = EDGE * self.scale - (len(self.small) - self.scale) // 2  # HR pixels before the first window
        x = images[..., outside:-outside, outside:-outside]
        for axis in (0, 1):
            x = F.conv2d(x, _kernel(self.small, channels, axis), stride=_on(axis, self.scale, 1), groups=channels)
        return x

    def enlarged(self, images: Tensor) -> Tensor:
        """Find the smallest N×C×(scale·h)×(scale·w) images whose reduction is the N×C×h×w ones."""
        channels, over = int(images.shape[1]), (len(self.small) - self.scale) // 2
        x = images
        for axis in (0, 1):
            x = F.conv2d(x, _kernel(self.inverse, channels, axis), padding=_on(axis, REACH, 0), groups=channels)
            kernel, stride, crop = _kernel(self.small, channels, axis), _on(axis, self.scale, 1), _on(axis, over, 0)
            x = F.conv_transpose2d(x, kernel, stride=stride, padding=crop, groups=channels)
        return x


def _on(axis: int, value: int, other: int) -> tuple[int, int]:
    """Give one axis a value and the other one another."""
    return (other, value) if axis else (value, other)


def _kernel(taps: Tensor, channels: int, axis: int) -> Tensor:
    """Lay a filter along an axis, for each channel alone."""
    return taps.reshape(1, 1, *_on(axis, len(taps), 1)).repeat(channels, 1, 1, 1)


def _filters(scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute along one axis the taps of ``imresize`` by 1/scale, and (A·Aᵀ)⁻¹ as a filter on the LR grid."""
    taps = 4 * scale - scale % 2
    offsets = (np.arange(taps) - (taps - 1) / 2) / scale
    small = bicubic_kernel(offsets)
    small /= small.sum()
    # How windows of LR pixels overlap, as a periodic sequence long enough for the inverse to have died away.
    shifts = range(-3, 4)
    overlap = np.zeros(64)
    for shift in shifts:
        a, b = max(0, shift * scale), min(taps, taps + shift * scale)
        overlap[shift] = small[a:b] @ small[a - shift * scale : b - shift * scale]
    inverse = np.fft.ifft(1 / np.fft.fft(overlap)).real
    return small, inverse[np.arange(-REACH, REACH + 1)]
