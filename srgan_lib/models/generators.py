"""The generators: SRResNet, ESPCN and the small tanh network, and building any of them from its configuration."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from srgan_lib.models.base import SuperResolver
from srgan_lib.models.prelu import PReLU
from srgan_lib.models.rrdbnet import RRDBNet
from srgan_lib.models.srcnn import SRCNN
from srgan_lib.models.upsample import BicubicUpsample, ConvAfterShuffle, upsampler
from srgan_lib.params import GlobalSkip, Input, Norm, ValueRange, Warmup

LARGEST_RADIUS = 64  #: LR pixels; deeper networks are tiled with a blended overlap instead


class ResidualBlock(nn.Module):
    """Convolution, activation, convolution, added to the input; normalised or not."""

    def __init__(self, channels: int, norm: Norm, activation: nn.Module, last_norm: bool = True) -> None:
        super().__init__()
        layers = [nn.Conv2d(channels, channels, 3, padding=1), activation, nn.Conv2d(channels, channels, 3, padding=1)]
        if norm == "batch":
            layers.insert(1, nn.BatchNorm2d(channels))
            if last_norm:
                layers.append(nn.BatchNorm2d(channels))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """N×channels×h×w to the same shape."""
        return x + self.layers(x)


class SRResNet(SuperResolver):
    """The generator of SRGAN (Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a GAN", CVPR 2017).

    9×9 convolution, residual blocks (3×3 convolutions, BN, PReLU), a long skip, pixel-shuffle stages, 9×9 convolution.

    Parameters
    ----------
    scale : enlargement factor.
    channels, blocks : width and number of residual blocks (the paper: 64 and 16).
    norm : ``"none"`` leaves out batch normalisation.
    global_skip, input, value_range : see :class:`~srgan_lib.models.base.SuperResolver`; the paper's network has
        no global skip.
    """

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 16,
        global_skip: GlobalSkip = "none",
        norm: Norm = "batch",
        input: Input = "lr",
        value_range: ValueRange = "zero_one",
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        self.conv_first = nn.Sequential(nn.Conv2d(3, channels, 9, padding=4), PReLU())
        self.blocks = nn.Sequential(*(ResidualBlock(channels, norm, PReLU()) for _ in range(blocks)))
        self.conv_body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1))
        if norm == "batch":
            self.conv_body.append(nn.BatchNorm2d(channels))
        self.upsampler = upsampler(channels, self.factor, 9, PReLU)
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Features, residual blocks with a long skip, enlargement, reconstruction."""
        features = self.conv_first(images)
        features = features + self.conv_body(self.blocks(features))
        return self.upsampler(features)


class ESPCN(SuperResolver):
    """The efficient sub-pixel network of Shi et al., CVPR 2016: three convolutions at LR size and one pixel shuffle.

    Parameters
    ----------
    scale : enlargement factor.
    channels : of the first convolution; the second has half of them (the paper: 64 and 32).
    global_skip, input, value_range : see :class:`~srgan_lib.models.base.SuperResolver`.
    """

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
        """The three layers and the shuffle."""
        return self.layers(images)


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
        self.upsampler = upsampler(channels, self.factor, 3, nn.ReLU)
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Features, residual blocks with a skip from the first convolution, enlargement, reconstruction."""
        features = self.conv_first(images)
        features = features + self.conv_body(self.blocks(features))
        return self.upsampler(features)


ARCHITECTURES: dict[str, type[SuperResolver]] = {
    "srcnn": SRCNN,
    "srresnet": SRResNet,
    "rrdbnet": RRDBNet,
    "espcn": ESPCN,
    "small_tanh": SmallTanh,
}


def generator_config(warmup: Warmup, scale: int) -> dict[str, Any]:
    """The configuration of the generator that the warm-up's parameters describe, as plain JSON for a model file."""
    options = {
        "scale": scale,
        "channels": warmup.generator_channels,
        "blocks": warmup.generator_blocks,
        "norm": warmup.generator_norm,
        "input": warmup.generator_input,
        "global_skip": warmup.global_skip,
        "value_range": warmup.value_range,
    }
    known = inspect.signature(ARCHITECTURES[warmup.generator]).parameters
    return {"architecture": warmup.generator, **{name: value for name, value in options.items() if name in known}}


def build_generator(config: Mapping[str, Any]) -> SuperResolver:
    """Build a network from its configuration: ``architecture`` and that class's arguments.

    Raises
    ------
    ValueError
        For an architecture that this version does not know, or options that it does not have.
    """
    options = dict(config)
    architecture = options.pop("architecture", None)
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    try:
        return ARCHITECTURES[architecture](**options)
    except TypeError as error:
        raise ValueError(f"{architecture} cannot be built from {options}: {error}") from None


def receptive_radius(model: SuperResolver) -> int | None:
    """How many LR pixels each way an output pixel depends on, or none where that is over 64.

    Sums the reach of all convolutions in LR pixels, in the order in which the data passes them.
    """
    reach, resolution = 0.0, model.scale // model.factor
    for module in model.modules():
        if isinstance(module, nn.PixelShuffle):
            resolution *= module.upscale_factor
        elif isinstance(module, nn.Upsample):
            resolution *= int(module.scale_factor)
        elif isinstance(module, ConvAfterShuffle):
            resolution *= module.factor
        if isinstance(module, nn.Conv2d):
            reach += module.kernel_size[0] // 2 / resolution
    if model.input == "bicubic":
        reach += BicubicUpsample.RADIUS
    radius = max(math.ceil(reach), BicubicUpsample.RADIUS)
    return radius if radius <= LARGEST_RADIUS else None
