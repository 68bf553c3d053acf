"""The discriminators: SRGAN's, and the small one with a residual connection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from srgan_lib.params import Head


class ImageDiscriminator(nn.Module):
    """Base: one logit for a whole image, from the features that a subclass makes of it.

    Parameters
    ----------
    crop : height and width of the images, which the dense head fixes.
    head : ``"dense"`` flattens the features; ``"pool"`` averages them over the image and takes any size.
    """

    features: nn.Module
    classify: nn.Module

    def __init__(self, crop: int, head: Head) -> None:
        super().__init__()
        self.crop = crop
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        """N×3×crop×crop in [0,1] to N×1 logits, positive for "real"; the losses contain the sigmoid.

        Raises
        ------
        ValueError
            With the dense head, for images of another size than ``crop``.
        """
        height, width = images.shape[-2:]
        if self.head == "dense" and (height, width) != (self.crop, self.crop):
            raise ValueError(
                f"this discriminator's dense head takes {self.crop}×{self.crop} images and got {width}×{height}; "
                f"build it with crop={height} or with head='pool', which takes any size"
            )
        features = self.features(images)
        return self.classify(features.mean((2, 3)) if self.head == "pool" else features.flatten(1))

    def num_features(self, channels: int, side: int) -> int:
        """How many numbers the head receives from features of so many channels and pixels a side."""
        return channels * (side**2 if self.head == "dense" else 1)


class Discriminator(ImageDiscriminator):
    """SRGAN's discriminator: eight 3×3 convolutions, 64 to 512 wide, every other with stride 2, and two dense layers.

    Ledig et al. 2017, figure 4: LeakyReLU 0.2 throughout, BN but on the first.

    Parameters
    ----------
    channels : of the first convolution (the paper: 64).
    crop, head : see :class:`ImageDiscriminator`; the paper's head is ``"dense"``.
    """

    def __init__(self, crop: int = 96, channels: int = 64, head: Head = "dense") -> None:
        super().__init__(crop, head)
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

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W to the same shape."""
        return x + super().forward(x)


def conv_block(before: int, after: int, stride: int = 1, kernel: int = 3) -> list[nn.Module]:
    """A convolution with BN and LeakyReLU 0.2, as a list of layers."""
    return [nn.Conv2d(before, after, kernel, stride, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]


ARCHITECTURES: dict[str, type[ImageDiscriminator]] = {
    "srgan": Discriminator,
    "small_residual": SmallResidualDiscriminator,
}


def build_discriminator(config: Mapping[str, Any]) -> ImageDiscriminator:
    """Build a discriminator from its configuration: ``architecture``, ``crop``, ``channels`` and ``head``.

    Raises
    ------
    ValueError
        For an architecture that this version does not know, or options that it does not have.
    """
    options = dict(config)
    architecture = options.pop("architecture", None)
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown discriminator {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    try:
        return ARCHITECTURES[architecture](**options)
    except TypeError as error:
        raise ValueError(f"{architecture} cannot be built from {options}: {error}") from None
