"""The discriminators: one logit for a whole image, for each patch or for each pixel; and what builds any of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from srgan_lib.models.base import RANGES
from srgan_lib.params.training import Adversarial, Head, ValueRange


class AnyDiscriminator(nn.Module):
    """Base: from images in [0,1] to logits, positive for "real"; the losses contain the sigmoid."""

    def forward(self, images: Tensor, activations: bool = False) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Map N×3×H×W to logits; with ``activations`` the activated features of the convolutions come with them."""
        logits, features = self.judge(images)
        return (logits, features) if activations else logits

    def judge(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Compute logits and activated features."""
        raise NotImplementedError


class ImageDiscriminator(AnyDiscriminator):
    """Base: one logit for a whole image, N×1, from the features that a subclass makes of it.

    Parameters
    ----------
    crop : height and width of the images, which the dense head fixes.
    channels : of the first convolution (the papers: 64).
    head : ``"dense"`` flattens the features, as the papers do; ``"pool"`` averages them over the image, of any size.
    value_range : what the features are made of: the range of the recipe's HR images, converted to from [0,1] inside.
    """

    features: nn.Sequential
    classify: nn.Module
    zero: Tensor
    unit: Tensor

    def __init__(
        self, crop: int = 96, channels: int = 64, head: Head = "dense", value_range: ValueRange = "zero_one"
    ) -> None:
        super().__init__()
        self.crop = crop
        self.head = head
        for name, value in zip(("zero", "unit"), RANGES[value_range][1], strict=True):
            self.register_buffer(name, torch.tensor(value).reshape(-1, 1, 1), persistent=False)
        self.build(channels)

    def build(self, channels: int) -> None:
        """Build ``features``, then ``classify``."""
        raise NotImplementedError

    def judge(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Compute logits and activated features; ``ValueError`` for a size that a dense head does not take."""
        height, width = images.shape[-2:]
        if self.head == "dense" and (height, width) != (self.crop, self.crop):
            raise ValueError(
                f"this discriminator's dense head takes {self.crop}×{self.crop} images and got {width}×{height}; "
                f"build it with crop={height} or with head='pool', which takes any size"
            )
        features, kept = _apply(self.features, (images - self.zero) / self.unit)
        return self.classify(features.mean((2, 3)) if self.head == "pool" else features.flatten(1)), kept

    def num_features(self, channels: int, side: int) -> int:
        """Count the inputs of the head for features of the given channels and side in pixels."""
        return channels * (side**2 if self.head == "dense" else 1)


leaky_relu = partial(nn.LeakyReLU, 0.2, inplace=True)  #: the activation of all discriminators


def conv_block(before: int, after: int, stride: int = 1, kernel: int = 3) -> list[nn.Module]:
    """Build a convolution with BN and activation, as a list of layers."""
    convolution = nn.Conv2d(before, after, kernel, stride, padding=0 if kernel == 1 else 1)
    return [convolution, nn.BatchNorm2d(after), leaky_relu()]


def _apply(layers: nn.Sequential, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Apply layers; with the result come the activated features on the way."""
    kept = []
    for layer in layers:
        x = layer(x)
        if isinstance(layer, nn.LeakyReLU):
            kept.append(x)
    return x, kept


class Discriminator(ImageDiscriminator):
    """SRGAN's discriminator: eight 3×3 convolutions, 64 to 512 wide, every other with stride 2, and two dense layers.

    Ledig et al. 2017, figure 4: LeakyReLU 0.2 throughout, BN but on the first.
    """

    def build(self, channels: int) -> None:
        """Build eight convolutions and two dense layers."""
        widths = [channels * 2 ** (index // 2) for index in range(8)]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), leaky_relu()]
        for index, (before, after) in enumerate(pairwise(widths)):
            layers += conv_block(before, after, stride=2 - index % 2)
        self.features = nn.Sequential(*layers)
        inputs = self.num_features(widths[-1], math.ceil(self.crop / 16))
        self.classify = nn.Sequential(nn.Linear(inputs, 16 * channels), leaky_relu(), nn.Linear(16 * channels, 1))


class SmallResidualDiscriminator(ImageDiscriminator):
    """A convolution, four strided ones, four more of which the last is added to the one before, and one neuron.

    From "Upscaling Of Image Quality By Increasing Resolution Using Super Resolution Generative Adversarial Networks":
    the strided convolutions are "each increasing in number of neurons", the four after them have "varying neurons and
    kernel sizes". The numbers are inferred: 64 doubling to 1024 with 4×4 kernels, then 512 and 128 (1×1) and twice 512
    (3×3), close to the discriminator of TensorLayer's SRGAN.
    """

    def build(self, channels: int) -> None:
        """Build nine convolutions and one neuron."""
        widths = [channels * 2**index for index in range(5)]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), leaky_relu()]
        for before, after in pairwise(widths):
            layers += conv_block(before, after, stride=2, kernel=4)
        narrow, wide = 2 * channels, 8 * channels
        layers += conv_block(widths[-1], wide, kernel=1) + conv_block(wide, narrow, kernel=1) + conv_block(narrow, wide)
        self.features = nn.Sequential(*layers, Residual(*conv_block(wide, wide)[:-1]), nn.LeakyReLU(0.2))
        self.classify = nn.Linear(self.num_features(wide, self.crop // 16), 1)


class Residual(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, input: Tensor) -> Tensor:
        """Map N×C×H×W to the same shape."""
        return input + super().forward(input)


class PatchDiscriminator(AnyDiscriminator):
    """One logit per overlapping patch of 34×34 pixels, N×1×(H/4)×(W/4), by convolutions under spectral normalisation.

    As pix2pix's (Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017) with two
    strided convolutions instead of three, and spectral normalisation (Miyato et al., ICLR 2018) instead of batch
    normalisation, which bounds how fast the logits change and so how soon the discriminator is always right.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 4, 2, padding=1),
            leaky_relu(),
            spectral_norm(nn.Conv2d(channels, 2 * channels, 4, 2, padding=1)),
            leaky_relu(),
            spectral_norm(nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)),
            leaky_relu(),
            spectral_norm(nn.Conv2d(4 * channels, 4 * channels, 3, padding=1)),
            leaky_relu(),
            nn.Conv2d(4 * channels, 1, 3, padding=1),
        )

    def judge(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Compute logits and activated features."""
        return _apply(self.layers, images)


class UNetDiscriminator(AnyDiscriminator):
    """One logit per pixel, from the 56×56 to 64×64 around it, by a U-Net under spectral normalisation.

    Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data", ICCVW 2021, after
    Schönfeld et al., "A U-Net Based Discriminator for Generative Adversarial Networks", CVPR 2020: three strided
    convolutions down, three bilinear enlargements up, each with what was there on the way down added, and three more
    convolutions. Height and width of images are multiples of 8.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        widths = [channels * 2**depth for depth in range(4)]
        self.conv_first = nn.Conv2d(3, channels, 3, padding=1)
        self.down = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, 2, padding=1, bias=False)) for a, b in pairwise(widths)
        )
        self.up = nn.ModuleList(
            spectral_norm(nn.Conv2d(b, a, 3, padding=1, bias=False)) for a, b in reversed(list(pairwise(widths)))
        )
        self.tail = nn.Sequential(
            spectral_norm(nn.Conv2d(channels, channels, 3, padding=1, bias=False)),
            leaky_relu(),
            spectral_norm(nn.Conv2d(channels, channels, 3, padding=1, bias=False)),
            leaky_relu(),
            nn.Conv2d(channels, 1, 3, padding=1),
        )

    def judge(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Compute logits, and activated features on the ways down and up."""
        levels = [F.leaky_relu(self.conv_first(images), 0.2)]
        for conv in self.down:
            levels.append(F.leaky_relu(conv(levels[-1]), 0.2))
        kept = list(levels)
        x = levels.pop()
        for conv in self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.leaky_relu(conv(x), 0.2) + levels.pop()
            kept.append(x)
        return self.tail(x), kept


class WaveletDiscriminator(PatchDiscriminator):
    """A patch discriminator (35×35 pixels) that sees only detail: an undecimated Haar transform's three high bands.

    After Korkmaz et al., "Training Generative Image Super-Resolution Models by Wavelet-Domain Losses Enables Better
    Control of Artifacts", CVPR 2024 (there: symlets of length 7). What it cannot see, it cannot change: colours and
    brightness stay the pixel term's business.
    """

    bands: Tensor

    def __init__(self, channels: int = 64) -> None:
        super().__init__(channels)
        self.layers[0] = nn.Conv2d(9, channels, 4, 2, padding=1)
        low, high = torch.tensor([0.5, 0.5]), torch.tensor([0.5, -0.5])
        bands = torch.stack([torch.outer(a, b) for a, b in ((low, high), (high, low), (high, high))])
        self.register_buffer("bands", bands[:, None].repeat(3, 1, 1, 1), persistent=False)

    def judge(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Compute logits and activated features of the bands."""
        detail = F.conv2d(F.pad(images, (0, 1, 0, 1), mode="replicate"), self.bands.to(images.dtype), groups=3)
        return super().judge(detail)


ARCHITECTURES: dict[str, type[AnyDiscriminator]] = {
    "srgan": Discriminator,
    "small_residual": SmallResidualDiscriminator,
    "patch": PatchDiscriminator,
    "unet": UNetDiscriminator,
    "wavelet": WaveletDiscriminator,
}


def discriminator_config(adversarial: Adversarial, crop: int, value_range: ValueRange = "zero_one") -> dict[str, Any]:
    """Describe the discriminator of the adversarial stage's parameters, as plain JSON for a model file.

    ``crop``, ``head`` and the generator's ``value_range`` are left out for discriminators with a logit per patch or
    pixel, which work in [0,1]; so is the range [0,1].
    """
    config: dict[str, Any] = {"architecture": adversarial.discriminator, "channels": adversarial.discriminator_channels}
    if issubclass(ARCHITECTURES[adversarial.discriminator], ImageDiscriminator):
        config |= {"crop": crop, "head": adversarial.discriminator_head}
        config |= {"value_range": value_range} if value_range != "zero_one" else {}
    return config


def build_discriminator(config: Mapping[str, Any]) -> AnyDiscriminator:
    """Build a discriminator from its configuration, as :func:`discriminator_config` returns it."""
    options = dict(config)
    return ARCHITECTURES[options.pop("architecture")](**options)
