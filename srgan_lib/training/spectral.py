"""Terms of the loss against patterns: the pixel shuffle's grid, unevenness of the whole spectrum, mesh beside edges.

A content loss in rectified features rewards a regular weave: where the texture is uncertain, its features have a
positive mean, and a generator that is equivariant to shifts on the LR grid can supply that in smooth places only by a
carrier at the grid's frequencies. The first two take that away in the mean of all blocks, the third place by place.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.metrics.spectra import grid_frequencies, high_frequencies, ring_kernel
from srgan_lib.params.training import SPECTRAL_BLOCK

FLOOR = 1 / 12 / 255**2  #: power added everywhere: what rounding to 8 bits has, for images in [0,1]

Sides = Literal["above", "both"]


class SpectralExcess(nn.Module):
    """How far SR's log power over its surroundings departs from HR's: mean square over chosen frequencies and channels.

    The square bears on the one frequency that stands out, and leaves small departures, which chance makes, alone.
    ``chosen`` are the frequencies of blocks, side×side booleans; ``sides="both"`` punishes peaks and notches alike,
    ``"above"`` peaks alone.
    """

    chosen: Tensor
    window: Tensor
    ring: Tensor

    def __init__(self, chosen: Tensor, sides: Sides = "both") -> None:
        super().__init__()
        self.side, self.sides = chosen.shape[0], sides
        window = torch.sin(torch.pi * (torch.arange(self.side) + 0.5) / self.side) ** 2
        ring = torch.fft.fft2(torch.from_numpy(ring_kernel(self.side).copy()).float())
        self.register_buffer("chosen", chosen, persistent=False)
        self.register_buffer("window", torch.outer(window, window), persistent=False)
        self.register_buffer("ring", ring.real.contiguous(), persistent=False)  # an even kernel has a real transform

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Compute a scalar in nepers² for N×3×H×W images in [0,1], with a gradient for ``sr`` alone."""
        with torch.no_grad():
            target = self.spectrum(hr)
        excess = (self.spectrum(sr) - target)[:, self.chosen]
        return (excess if self.sides == "both" else excess.relu()).square().mean()

    def spectrum(self, images: Tensor) -> Tensor:
        """Compute log power over its surroundings, 3×side×side in nepers, float32.

        Per frequency the logarithm minus its mean over the ring of bins at Chebyshev distance 4 to 6. It can be
        differentiated in the power; the ring is held fixed.
        """
        with torch.autocast(images.device.type, enabled=False):
            power = self.power(images.float()).log()
            surroundings = torch.fft.ifft2(torch.fft.fft2(power.detach()) * self.ring).real
            return power - surroundings

    def power(self, images: Tensor) -> Tensor:
        """Average the power of red, green and blue each over all blocks of all images, 3×side×side.

        Blocks are Hann-windowed, with half overlap. Of luminance alone, the term would be evaded by patterns in colour.
        Raises ``ValueError`` for images smaller than a block.
        """
        if min(images.shape[-2:]) < self.side:
            raise ValueError(f"blocks of {self.side} pixels do not fit into {tuple(images.shape[-2:])}")
        blocks = images.transpose(0, 1).unfold(2, self.side, self.side // 2).unfold(3, self.side, self.side // 2)
        blocks = blocks.reshape(3, -1, self.side, self.side)
        mean = (blocks * self.window).sum((2, 3), keepdim=True) / self.window.sum()
        spectra = torch.fft.fft2((blocks - mean) * self.window)
        return (spectra.real.square() + spectra.imag.square()).mean(1) / self.window.square().sum() + FLOOR


def grid_penalty(scale: int, sides: Sides = "both") -> SpectralExcess:
    """Build the term at the frequencies of the pixel shuffle's grid: multiples of 1/scale cycles per pixel, not 0."""
    side = SPECTRAL_BLOCK - SPECTRAL_BLOCK % scale
    chosen = torch.zeros(side, side, dtype=torch.bool)
    chosen[grid_frequencies(scale, side)] = True
    return SpectralExcess(chosen, sides)


def evenness_penalty(lowest: float = 0.15) -> SpectralExcess:
    """Build the term at all frequencies from ``lowest`` cycles per pixel: no narrow peak or notch anywhere."""
    return SpectralExcess(torch.from_numpy(high_frequencies(SPECTRAL_BLOCK, lowest).copy()), "both")


class MeshPenalty(nn.Module):
    """Fine structure of SR beyond what HR has at the same place: mesh, dots and ripples beside edges.

    Fine structure is the second difference of the grey image along rows or columns, (-1, 2, -1)/4, smoothed by
    (1, 2, 1)/4 across. Its root mean square over 4×4 pixels is compared, so that detail may lie elsewhere than HR's by
    a pixel or two, and be weaker.
    """

    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        second, smooth = torch.tensor([-1.0, 2, -1]) / 4, torch.tensor([1.0, 2, 1]) / 4
        bands = torch.stack([torch.outer(second, smooth), torch.outer(smooth, second)])
        self.register_buffer("kernels", bands[:, None], persistent=False)

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Compute the mean excess in 8-bit levels, a scalar, for N×3×H×W images in [0,1]."""
        return (self.strength(sr) - self.strength(hr)).relu().mean()

    def strength(self, images: Tensor) -> Tensor:
        """Compute the fine structure's root mean square in 8-bit levels, N×2×H'×W' at every other pixel, float32.

        Half a level is added, as rounding has, which also keeps the gradient finite in smooth places.
        """
        with torch.autocast(images.device.type, enabled=False):
            band = F.conv2d(255 * images.float().mean(1, keepdim=True), self.kernels)
            return (F.avg_pool2d(band.square(), 4, 2) + 0.5**2).sqrt()
