"""SRCNN, the first convolutional network for super-resolution: three layers on the bicubic enlargement."""

from __future__ import annotations

from torch import Tensor, nn

from srgan_lib.models.base import SuperResolver
from srgan_lib.params.training import GlobalSkip, Layout


class SRCNN(SuperResolver):
    """Patch extraction, non-linear mapping and reconstruction on the bicubic enlargement of the input.

    Dong et al., "Learning a Deep Convolutional Network for Image Super-Resolution", ECCV 2014, and "Image
    Super-Resolution Using Deep Convolutional Networks", TPAMI 2016, on RGB. The input is the LR image: the network
    enlarges it itself.

    Parameters
    ----------
    layout : kernel sizes of the three convolutions, ``"9-1-5"`` or ``"9-5-5"``.
    global_skip : ``"bicubic"`` learns the difference from bicubic; the paper has ``"none"``.
    scale : enlargement factor.
    """

    def __init__(self, layout: Layout = "9-5-5", global_skip: GlobalSkip = "bicubic", scale: int = 4) -> None:
        super().__init__(scale, global_skip, "bicubic", "zero_one")
        first, middle, last = (int(size) for size in layout.split("-"))
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, first, padding=first // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 32, middle, padding=middle // 2),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, 3, last, padding=last // 2),
        )
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply the three layers at HR size."""
        return self.layers(images)
