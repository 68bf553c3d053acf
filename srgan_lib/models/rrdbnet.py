"""RRDBNet, the generator of ESRGAN: residual-in-residual dense blocks without batch normalisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srgan_lib.models.base import SuperResolver
from srgan_lib.models.upsample import upsampling_steps
from srgan_lib.params import GlobalSkip, Input, ValueRange

RESIDUAL_SCALE = 0.2  # the paper's beta
SMALL_START = 0.1  # the paper scales He's initial weights of the dense blocks by this


class DenseBlock(nn.Module):
    """Five 3×3 convolutions, each seeing the outputs of all before it; 0.2 of the last is added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        widths = [growth] * 4 + [channels]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels + index * growth, width, 3, padding=1) for index, width in enumerate(widths)
        )
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
            with torch.no_grad():
                convolution.weight.mul_(SMALL_START)

    def forward(self, x: Tensor) -> Tensor:
        """N×channels×h×w to the same shape."""
        features = [x]
        for convolution in self.convolutions[:-1]:
            features.append(nn.functional.leaky_relu(convolution(torch.cat(features, 1)), 0.2, inplace=True))
        return x + RESIDUAL_SCALE * self.convolutions[-1](torch.cat(features, 1))


class ResidualInResidualBlock(nn.Sequential):
    """Three dense blocks; 0.2 of what they make is added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__(*(DenseBlock(channels, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        """N×channels×h×w to the same shape."""
        return x + RESIDUAL_SCALE * super().forward(x)


class RRDBNet(SuperResolver):
    """The generator of Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCVW 2018.

    Parameters
    ----------
    scale : enlargement factor.
    channels : width; the dense blocks grow by half of it (the paper: 64 and 32).
    blocks : residual-in-residual blocks (the paper: 23).
    global_skip, input, value_range : see :class:`~srgan_lib.models.base.SuperResolver`.
    """

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 23,
        global_skip: GlobalSkip = "none",
        input: Input = "lr",
        value_range: ValueRange = "zero_one",
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(ResidualInResidualBlock(channels, max(1, channels // 2)) for _ in range(blocks)))
        self.trunk_end = nn.Conv2d(channels, channels, 3, padding=1)
        stages: list[nn.Module] = []
        for step in upsampling_steps(self.factor):
            stages += [
                nn.Upsample(scale_factor=step, mode="nearest"),
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        self.upsample = nn.Sequential(*stages)
        self.tail = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(channels, 3, 3, padding=1),
        )
        self.initialise()

    def body(self, images: Tensor) -> Tensor:
        """Features, blocks with a long skip, nearest-neighbour enlargement with convolutions, reconstruction."""
        features = self.head(images)
        features = features + self.trunk_end(self.blocks(features))
        return self.tail(self.upsample(features))
