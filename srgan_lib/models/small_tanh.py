"""A small SRGAN generator for images in [-1,1]."""

from __future__ import annotations

from torch import Tensor, nn

from srgan_lib.models.base import LARGE_TILE, SuperResolver
from srgan_lib.models.residual import ResidualBlock
from srgan_lib.models.upsample import Upsampler
from srgan_lib.params.training import GlobalSkip, Input, ValueRange


class SmallTanh(SuperResolver):
    """A small SRGAN generator with three residual blocks, made for images in [-1,1] with tanh at the end.

    From "Upscaling Of Image Quality By Increasing Resolution Using Super Resolution Generative Adversarial Networks":
    convolution; residual blocks of convolution, BN, convolution; convolution and BN with a skip from the first; pixel
    shuffles with ReLU; convolution. Kernels of 3×3 and the ReLU after the first convolution and inside the blocks are
    inferred. The tanh is part of ``value_range="tanh"``.

    Parameters
    ----------
    scale : enlargement factor.
    channels, blocks : width and number of residual blocks (the source: 64 and 3).
    global_skip, input, value_range : see :class:`~srgan_lib.models.base.SuperResolver`.
    """

    own_tile = LARGE_TILE

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 3,
        global_skip: GlobalSkip = "none",
        input: Input = "lr",
        value_range: ValueRange = "tanh",
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        self.conv_first = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), nn.ReLU())
        self.blocks = nn.Sequential(
            *(ResidualBlock(channels, "batch", nn.ReLU(), last_norm=False) for _ in range(blocks))
        )
        self.conv_body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels))
        self.upsampler = Upsampler(channels, self.factor, 3, nn.ReLU)
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply features, residual blocks with a skip from the first convolution, enlargement and reconstruction."""
        features = self.conv_first(images)
        features = features + self.conv_body(self.blocks(features))
        return self.upsampler(features)
