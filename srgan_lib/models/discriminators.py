"""The discriminators: SRGAN's, and the small one with a residual connection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

from torch import Tensor, nn

Head = Literal["dense", "pool"]


class Discriminator(nn.Module):
    """SRGAN's discriminator: eight 3×3 convolutions, 64 to 512 wide, every other with stride 2, and two dense layers.

    Ledig et al. 2017, figure 4: LeakyReLU 0.2 throughout, BN but on the first. Returns logits; the losses contain the
    sigmoid.

    Parameters
    ----------
    crop : height and width of the images, which the dense head fixes.
    channels : of the first convolution (the paper: 64).
    head : ``"dense"`` flattens (the paper); ``"pool"`` averages over the image first and takes any size.
    """

    def __init__(self, crop: int = 96, channels: int = 64, head: Head = "dense") -> None:
        super().__init__()
        self.crop = crop
        self.head = head
        layers = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        width = channels
        for index in range(1, 8):
            wider = channels * 2 ** (index // 2)
            layers += convolve(width, wider, stride=1 + index % 2)
            width = wider
        self.features = nn.Sequential(*layers)
        positions = math.ceil(crop / 16) ** 2 if head == "dense" else 1
        self.classify = nn.Sequential(
            nn.Linear(width * positions, 16 * channels), nn.LeakyReLU(0.2, inplace=True), nn.Linear(16 * channels, 1))

    def forward(self, images: Tensor) -> Tensor:
        """N×3×crop×crop in [0,1] to N×1 logits, positive for "real".

        Raises
        ------
        ValueError
            With the dense head, for images of another size than ``crop``.
        """
        features = self.features(check_crop(images, self.crop, self.head))
        return self.classify(features.mean((2, 3)) if self.head == "pool" else features.flatten(1)).float()


class SmallResidualDiscriminator(nn.Module):
    """A convolution, four strided ones, four more of which the last is added to the one before, and one neuron.

    From "Upscaling Of Image Quality By Increasing Resolution Using Super Resolution Generative Adversarial Networks";
    the widths (64 doubling to 512) and kernels (4×4 where strided, 3×3 elsewhere) are inferred.

    Parameters
    ----------
    crop, channels, head : as for :class:`Discriminator`.
    """

    def __init__(self, crop: int = 96, channels: int = 64, head: Head = "dense") -> None:
        super().__init__()
        self.crop = crop
        self.head = head
        widths = [channels * 2 ** min(index, 3) for index in range(5)]
        layers = [nn.Conv2d(3, channels, 3, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for before, after in pairwise(widths):
            layers += convolve(before, after, stride=2, kernel=4)
        for _ in range(3):
            layers += convolve(widths[-1], widths[-1])
        self.features = nn.Sequential(*layers)
        self.last = nn.Sequential(*convolve(widths[-1], widths[-1])[:2])
        positions = (crop // 16) ** 2 if head == "dense" else 1
        self.classify = nn.Linear(widths[-1] * positions, 1)

    def forward(self, images: Tensor) -> Tensor:
        """N×3×crop×crop in [0,1] to N×1 logits, positive for "real"; raises as :class:`Discriminator` does."""
        features = self.features(check_crop(images, self.crop, self.head))
        features = nn.functional.leaky_relu(features + self.last(features), 0.2)
        return self.classify(features.mean((2, 3)) if self.head == "pool" else features.flatten(1)).float()


def convolve(before: int, after: int, stride: int = 1, kernel: int = 3) -> list[nn.Module]:
    """A convolution with BN and LeakyReLU 0.2, as a list of layers."""
    return [nn.Conv2d(before, after, kernel, stride, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]


def check_crop(images: Tensor, crop: int, head: Head) -> Tensor:
    """Return ``images``; raise ValueError if a dense head cannot take their size."""
    height, width = images.shape[-2:]
    if head == "dense" and (height, width) != (crop, crop):
        raise ValueError(f"this discriminator's dense head takes {crop}×{crop} images and got {width}×{height}; "
                         f"build it with crop={height} or with head='pool', which takes any size")
    return images


ARCHITECTURES: dict[str, type[nn.Module]] = {"srgan": Discriminator, "small_residual": SmallResidualDiscriminator}


def build_discriminator(config: Mapping[str, Any]) -> nn.Module:
    """Build a discriminator from its configuration: ``architecture``, ``crop``, ``channels`` and ``head``.

    Raises
    ------
    ValueError
        For an architecture that this version does not know.
    """
    options = dict(config)
    architecture = options.pop("architecture", None)
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown discriminator {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture](**options)
