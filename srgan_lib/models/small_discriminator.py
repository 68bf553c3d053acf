"""A small discriminator with a residual connection."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from srgan_lib.models.image_discriminator import ImageDiscriminator, conv_block
from srgan_lib.params.training import Head, ValueRange


class SmallResidualDiscriminator(ImageDiscriminator):
    """A convolution, four strided ones, four more of which the last is added to the one before, and one neuron.

    From "Upscaling Of Image Quality By Increasing Resolution Using Super Resolution Generative Adversarial Networks": the
    strided convolutions are "each increasing in number of neurons", the four after them have "varying neurons and kernel
    sizes". The numbers are inferred: 64 doubling to 1024 with 4×4 kernels, then 512 and 128 (1×1) and twice 512 (3×3),
    close to the discriminator of TensorLayer's SRGAN.

    Parameters
    ----------
    channels : of the first convolution.
    crop, head, value_range : see :class:`ImageDiscriminator`.
    """

    def __init__(
        self, crop: int = 96, channels: int = 64, head: Head = "dense", value_range: ValueRange = "zero_one"
    ) -> None:
        super().__init__(crop, head, value_range)
        widths = [channels * 2**index for index in range(5)]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for before, after in pairwise(widths):
            layers += conv_block(before, after, stride=2, kernel=4)
        narrow, wide = 2 * channels, 8 * channels
        layers += conv_block(widths[-1], wide, kernel=1) + conv_block(wide, narrow, kernel=1) + conv_block(narrow, wide)
        self.features = nn.Sequential(*layers, Residual(*conv_block(wide, wide)[:-1]), nn.LeakyReLU(0.2))
        self.classify = nn.Linear(self.num_features(wide, crop // 16), 1)


class Residual(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, input: Tensor) -> Tensor:
        """Map N×C×H×W to the same shape."""
        return input + super().forward(input)
