"""SRResNet, the generator of SRGAN."""

from __future__ import annotations

from torch import Tensor, nn

from srgan_lib.models.base import LARGE_TILE, SuperResolver
from srgan_lib.models.prelu import PReLU
from srgan_lib.models.residual import ResidualBlock
from srgan_lib.models.upsample import Upsampler
from srgan_lib.params.training import Attention, GlobalSkip, Input, Norm, ValueRange


class SRResNet(SuperResolver):
    """The generator of SRGAN (Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a GAN", CVPR 2017).

    9×9 convolution, residual blocks (3×3 convolutions, BN, PReLU), a long skip, pixel-shuffle stages, 9×9 convolution.

    Parameters
    ----------
    scale : enlargement factor.
    channels, blocks : width and number of residual blocks (the paper: 64 and 16).
    norm : ``"none"`` leaves out batch normalisation.
    attention : ``"channel"`` ends each block with channel attention (RCAN), which the paper's network has not.
    global_skip, input, value_range : see :class:`~srgan_lib.models.base.SuperResolver`; the paper's network has
        no global skip.
    even_phases : keep the pixel shuffles from drawing a regular pattern, see :func:`~srgan_lib.models.upsample.even_phases`.
    """

    own_tile = LARGE_TILE

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 16,
        global_skip: GlobalSkip = "none",
        norm: Norm = "batch",
        input: Input = "lr",
        value_range: ValueRange = "zero_one",
        attention: Attention = "none",
        even_phases: bool = False,
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        self.conv_first = nn.Sequential(nn.Conv2d(3, channels, 9, padding=4), PReLU())
        self.blocks = nn.Sequential(
            *(ResidualBlock(channels, norm, PReLU(), attention=attention) for _ in range(blocks))
        )
        self.conv_body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1))
        if norm == "batch":
            self.conv_body.append(nn.BatchNorm2d(channels))
        self.upsampler = Upsampler(channels, self.factor, 9, PReLU, even_phases)
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply features, residual blocks with a long skip, enlargement and reconstruction."""
        features = self.conv_first(images)
        features = features + self.conv_body(self.blocks(features))
        return self.upsampler(features)
