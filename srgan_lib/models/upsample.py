"""Enlarging inside a network: exact bicubic interpolation, and learned pixel shuffling."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.data.resize import bicubic_kernel


class BicubicUpsample(nn.Module):
    """Bicubic enlargement equal to MATLAB's ``imresize`` on float images with the border replicated.

    Each output pixel lies at one of ``scale`` phases between input pixels, so the enlargement is one depthwise 5×5
    convolution with ``scale``² outputs per channel, followed by a pixel shuffle. It is computed in float32 also under
    autocast, has no parameters, and is linear: nothing is rounded or clipped.

    Parameters
    ----------
    scale : enlargement factor.
    """

    RADIUS = 2  #: LR pixels seen each way
    kernels: Tensor

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        offsets = (np.arange(scale) + 0.5) / scale - 0.5
        taps = bicubic_kernel(offsets[:, None] - np.arange(-self.RADIUS, self.RADIUS + 1))
        kernels = np.einsum("ik,jl->ijkl", taps, taps).reshape(scale * scale, 1, *2 * [2 * self.RADIUS + 1])
        self.register_buffer("kernels", torch.tensor(kernels, dtype=torch.float32), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Enlarge N×C×h×w to N×C×(scale·h)×(scale·w)."""
        channels = int(images.shape[1])  # a constant also while the network is traced
        with torch.autocast(images.device.type, enabled=False):
            padded = F.pad(images.to(self.kernels.dtype), 4 * [self.RADIUS], mode="replicate")
            phases = F.conv2d(padded, self.kernels.repeat(channels, 1, 1, 1), groups=channels)
            return F.pixel_shuffle(phases, self.scale)


class ConvAfterShuffle(nn.Conv2d):
    """The convolution of a pixel-shuffled image, computed before the shuffle: the same function, three times as fast.

    A convolution with few output channels leaves most of a processor's vector lanes empty. Here each output phase of
    the shuffle is an output channel of its own, at the small size, with the kernel's taps sorted by the input phase
    that they fall on; and it is the few output channels that are shuffled, not the many input channels. Weights are
    those of the plain convolution.

    Parameters
    ----------
    channels, out_channels : of the plain convolution.
    kernel_size : odd; the padding keeps the size.
    factor : of the shuffle; 1 makes it a plain convolution.
    """

    def __init__(self, channels: int, out_channels: int, kernel_size: int, factor: int) -> None:
        super().__init__(channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.factor = factor

    def forward(self, input: Tensor) -> Tensor:
        """Map N×(factor²·channels)×h×w to N×out_channels×(factor·h)×(factor·w)."""
        kernel = self.sorted_kernel()
        phases = F.conv2d(input, kernel, padding=kernel.shape[-1] // 2)
        assert self.bias is not None
        return F.pixel_shuffle(phases, self.factor) + self.bias.reshape(-1, 1, 1)

    def sorted_kernel(self) -> Tensor:
        """Sort the kernel for unshuffled images: (factor²·out_channels)×(factor²·channels)×n×n."""
        factor, size = self.factor, self.kernel_size[0]
        before = -(-(size // 2) // factor)  # small pixels each way that hold the kernel's reach
        n = 2 * before + 1
        phases = []
        for row in range(factor):
            for column in range(factor):
                pads = [before * factor - size // 2 + phase for phase in (column, row)]
                padded = F.pad(self.weight, [pad for one in pads for pad in (one, n * factor - size - one)])
                cells = padded.reshape(self.out_channels, self.in_channels, n, factor, n, factor)
                phases.append(cells.permute(0, 1, 3, 5, 2, 4).flatten(1, 3))
        return torch.stack(phases, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def upsampler(channels: int, factor: int, kernel_size: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    """Build the layers from features to RGB: sub-pixel stages (4 = 2·2, 8 = 2·2·2, else one; none for 1), then a convolution.

    Each stage is a 3×3 convolution, an activation and a pixel shuffle (Shi et al., "Real-Time Single Image and Video
    Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016).
    """
    steps = upsampling_steps(factor)
    layers: list[nn.Module] = []
    for index, step in enumerate(steps):
        layers += [nn.Conv2d(channels, channels * step**2, 3, padding=1), activation()]
        if index < len(steps) - 1:
            layers.append(nn.PixelShuffle(step))
    return nn.Sequential(*layers, ConvAfterShuffle(channels, 3, kernel_size, steps[-1] if steps else 1))


def upsampling_steps(factor: int) -> list[int]:
    """List the stages by which a network enlarges: 2s for a power of two, else the factor itself.

    Raises
    ------
    ValueError
        For anything but 1, 2, 3, 4 and 8.
    """
    steps = {1: [], 2: [2], 3: [3], 4: [2, 2], 8: [2, 2, 2]}
    if factor not in steps:
        raise ValueError(f"scale {factor} is not supported; allowed: 2, 3, 4, 8")
    return steps[factor]
