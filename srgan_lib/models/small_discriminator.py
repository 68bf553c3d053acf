"""A small discriminator with a residual connection."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from srgan_lib.models.image_discriminator import ImageDiscriminator, conv_block
from srgan_lib.params import Head


class SmallResidualDiscriminator(ImageDiscriminator):
    """A convolution, four strided ones, four more of which the last is added to the one before, and one neuron.

    From "Upscaling Of Image Quality By Increasing Resolution Using Super Resolution Generative Adversarial Networks";
    the widths (64 doubling to 512) and kernels (4×4 where strided, 3×3 elsewhere) are inferred.

    Parameters
    ----------
    channels : of the first convolution.
    crop, head : see :class:`ImageDiscriminator`.
    """

    def __init__(self, crop: int = 96, channels: int = 64, head: Head = "dense") -> None:
        super().__init__(crop, head)
        widths = [channels * 2 ** min(index, 3) for index in range(5)]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for before, after in pairwise(widths):
            layers += conv_block(before, after, stride=2, kernel=4)
        for _ in range(3):
            layers += conv_block(widths[-1], widths[-1])
        self.features = nn.Sequential(*layers, Residual(*conv_block(widths[-1], widths[-1])[:-1]), nn.LeakyReLU(0.2))
        self.classify = nn.Linear(self.num_features(widths[-1], crop // 16), 1)


class Residual(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, input: Tensor) -> Tensor:
        """N×C×H×W to the same shape."""
        return input + super().forward(input)
