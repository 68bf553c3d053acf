"""SRGAN's discriminator."""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from srgan_lib.models.image_discriminator import ImageDiscriminator, conv_block
from srgan_lib.params.training import Head, ValueRange


class Discriminator(ImageDiscriminator):
    """SRGAN's discriminator: eight 3×3 convolutions, 64 to 512 wide, every other with stride 2, and two dense layers.

    Ledig et al. 2017, figure 4: LeakyReLU 0.2 throughout, BN but on the first.

    Parameters
    ----------
    channels : of the first convolution (the paper: 64).
    crop, head, value_range : see :class:`ImageDiscriminator`; the paper's head is ``"dense"``.
    """

    def __init__(
        self, crop: int = 96, channels: int = 64, head: Head = "dense", value_range: ValueRange = "zero_one"
    ) -> None:
        super().__init__(crop, head, value_range)
        widths = [channels * 2 ** (index // 2) for index in range(8)]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for index, (before, after) in enumerate(pairwise(widths)):
            layers += conv_block(before, after, stride=2 - index % 2)
        self.features = nn.Sequential(*layers)
        self.classify = nn.Sequential(
            nn.Linear(self.num_features(widths[-1], math.ceil(crop / 16)), 16 * channels),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(16 * channels, 1),
        )
