"""Enlarging inside a network: exact bicubic interpolation, and learned pixel shuffling."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.data.resize import bicubic_kernel

STRIP = 32_768  #: pixels of features that are enlarged at a time; 64 channels of float32 take 0.2 GiB by 4


class BicubicUpsample(nn.Module):
    """Bicubic enlargement equal to MATLAB's ``imresize`` on float images with the border replicated.

    Each output pixel lies at one of ``scale`` phases between input pixels, so the enlargement is one depthwise 5×5
    convolution with scale² outputs per channel, followed by a pixel shuffle. It is computed in float32 also under
    autocast, has no parameters, and is linear: nothing is rounded or clipped.
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


def even_phases(kernel: Tensor, factor: int) -> Tensor:
    """Shift the taps of an O×I×n×n kernel so that those on each phase of a pixel shuffle, of 1 to n, have the same sum.

    Where features are constant, a pixel shuffle gives a regular pattern, since each phase comes from a channel of its
    own. Such a convolution removes it (Sugawara, Shiota & Kiya, "Super-Resolution Using Convolutional Neural Networks
    without Any Checkerboard Artifacts", ICIP 2018). The sum of all taps stays.
    """
    size = int(kernel.shape[-1])  # a constant also while the network is traced
    phases = np.arange(size) % factor == np.arange(factor)[:, None]
    masks = torch.from_numpy(np.einsum("ik,jl->ijkl", phases, phases).reshape(-1, size, size)).to(kernel)  # factor²×n×n
    sums = (kernel.unsqueeze(2) * masks).sum((3, 4))
    surplus = (sums - sums.mean(2, keepdim=True)) / masks.sum((1, 2))
    return kernel - (surplus[..., None, None] * masks).sum(2)


class EvenConv(nn.Conv2d):
    """A 3×3 convolution of a pixel-shuffled image with :func:`even_phases`; its weights are those before."""

    def __init__(self, channels: int, out_channels: int, factor: int) -> None:
        super().__init__(channels, out_channels, 3, padding=1)
        self.factor = factor

    def forward(self, input: Tensor) -> Tensor:
        """Map N×channels×h×w to N×out_channels×h×w."""
        return F.conv2d(input, even_phases(self.weight, self.factor), self.bias, padding=1)


class ConvBeforeShuffle(nn.Conv2d):
    """A 3×3 convolution whose output is pixel-shuffled, and that draws no pattern of dots along what is straight.

    Where features do not change along a row, the image does not either, and likewise along a column: for each row of
    taps, all phases of the shuffle within a row have the same sum, and likewise for columns. This is a stronger form of
    :func:`even_phases`, which asks it of the sum of all taps. The shuffle leaves ``out_channels / factor**2`` channels.
    """

    def __init__(self, channels: int, out_channels: int, factor: int) -> None:
        super().__init__(channels, out_channels, 3, padding=1)
        self.factor = factor

    def forward(self, input: Tensor) -> Tensor:
        """Map N×channels×h×w to N×out_channels×h×w."""
        assert self.bias is not None
        phases = (-1, self.factor, self.factor)
        weight, bias = self.weight.unflatten(0, phases), self.bias.unflatten(0, phases)
        for phase, tap in ((1, 4), (2, 5)):  # rows, columns
            means = weight.mean(tap, keepdim=True)
            weight = weight - (means - means.mean(phase, keepdim=True))
        bias = bias.mean((1, 2), keepdim=True).expand_as(bias)
        return F.conv2d(input, weight.flatten(0, 2), bias.flatten(), padding=1)


class ConvAfterShuffle(nn.Conv2d):
    """The convolution of a pixel-shuffled image, computed before the shuffle: the same function, three times as fast.

    A convolution with few output channels leaves most of a processor's vector lanes empty. Here each output phase of
    the shuffle is an output channel of its own, at the small size, with the kernel's taps sorted by the input phase
    that they fall on; and it is the few output channels that are shuffled, not the many input channels. Weights are
    those of the plain convolution, whose kernel is of odd size; ``even`` uses them after :func:`even_phases`. With
    ``factor`` 1 it is a plain convolution.
    """

    def __init__(self, channels: int, out_channels: int, kernel_size: int, factor: int, even: bool = False) -> None:
        super().__init__(channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.factor = factor
        self.even = even

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
        weight = even_phases(self.weight, factor) if self.even else self.weight
        phases = []
        for row in range(factor):
            for column in range(factor):
                pads = [before * factor - size // 2 + phase for phase in (column, row)]
                padded = F.pad(weight, [pad for one in pads for pad in (one, n * factor - size - one)])
                cells = padded.reshape(self.out_channels, self.in_channels, n, factor, n, factor)
                phases.append(cells.permute(0, 1, 3, 5, 2, 4).flatten(1, 3))
        return torch.stack(phases, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)


class Upsampler(nn.Sequential):
    """From features to RGB: sub-pixel stages (4 = 2·2, 8 = 2·2·2, else one; none for 1), then a convolution.

    Each stage is a 3×3 convolution, an activation and a pixel shuffle (Shi et al., "Real-Time Single Image and Video
    Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016); ``kernel_size`` is that of
    the last convolution, and ``even`` gives each one after a pixel shuffle :func:`even_phases`. In inference mode it
    works in strips, see :func:`in_strips`.
    """

    def __init__(
        self, channels: int, factor: int, kernel_size: int, activation: Callable[[], nn.Module], even: bool = False
    ) -> None:
        steps, layers = upsampling_steps(factor), list[nn.Module]()
        reach, resolution = kernel_size // 2 / factor, 1
        for index, step in enumerate(steps):
            widened = channels * step**2
            if even and index:
                layers.append(EvenConv(channels, widened, steps[index - 1]))
            else:
                layers.append(nn.Conv2d(channels, widened, 3, padding=1))
            layers.append(activation())
            if index < len(steps) - 1:
                layers.append(nn.PixelShuffle(step))
            reach += 1 / resolution
            resolution *= step
        super().__init__(*layers, ConvAfterShuffle(channels, 3, kernel_size, steps[-1] if steps else 1, even))
        self.reach = math.ceil(reach)

    def forward(self, input: Tensor) -> Tensor:
        """Map N×channels×h×w to N×3×(factor·h)×(factor·w)."""
        return in_strips(super().forward, input, self.reach)


def in_strips(enlarge: Callable[[Tensor], Tensor], features: Tensor, reach: int) -> Tensor:
    """Enlarge N×C×h×w features; in inference mode a strip of rows at a time, so that little is held at the large size.

    Features at HR size take most of a network's memory. In strips they allow for tiles so large that hardly anything
    is computed twice; the result is the same. ``reach`` is how many rows of the features each way decide a row of it.
    """
    if not torch.is_inference_mode_enabled():  # in training, and where a graph for all sizes is traced
        return enlarge(features)
    height, width = features.shape[2:]
    rows, strips = math.ceil(height / math.ceil(height * width / STRIP)), list[Tensor]()
    for start in range(0, height, rows):
        first, end = max(start - reach, 0), min(start + rows, height)
        strip = features[:, :, first : end + reach]
        enlarged = enlarge(strip)
        factor = enlarged.shape[2] // strip.shape[2]
        strips.append(enlarged[:, :, (start - first) * factor : (end - first) * factor])
    return torch.cat(strips, 2) if len(strips) > 1 else strips[0]


def upsampling_steps(factor: int) -> list[int]:
    """List the stages by which a network enlarges: 2s for a power of two, else the factor itself, none for 1."""
    steps = {1: [], 2: [2], 3: [3], 4: [2, 2], 8: [2, 2, 2]}
    if factor not in steps:
        raise ValueError(f"scale {factor} is not supported; allowed: 2, 3, 4, 8")
    return steps[factor]
