"""ESPCN, the efficient sub-pixel network."""

from __future__ import annotations

from torch import Tensor, nn

from srgan_lib.models.base import LARGE_TILE, SuperResolver
from srgan_lib.params.training import GlobalSkip, Input, ValueRange


class ESPCN(SuperResolver):
    """The efficient sub-pixel network of Shi et al., CVPR 2016: three convolutions at LR size and one pixel shuffle.

    Parameters
    ----------
    scale : enlargement factor.
    channels : of the first convolution; the second has half of them (the paper: 64 and 32).
    global_skip, input, value_range : see :class:`~srgan_lib.models.base.SuperResolver`.
    """

    own_tile = LARGE_TILE

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        global_skip: GlobalSkip = "none",
        input: Input = "lr",
        value_range: ValueRange = "zero_one",
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        half = max(1, channels // 2)
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 5, padding=2),
            nn.Tanh(),
            nn.Conv2d(channels, half, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(half, 3 * self.factor**2, 3, padding=1),
            nn.PixelShuffle(self.factor),
        )
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply the three layers and the shuffle."""
        return self.layers(images)
