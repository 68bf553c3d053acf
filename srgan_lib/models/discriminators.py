"""Build any discriminator from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from srgan_lib.models.image_discriminator import ImageDiscriminator
from srgan_lib.models.patch_discriminators import PatchDiscriminator, UNetDiscriminator, WaveletDiscriminator
from srgan_lib.models.small_discriminator import SmallResidualDiscriminator
from srgan_lib.models.srgan_discriminator import Discriminator
from srgan_lib.params.training import Adversarial, ValueRange

ARCHITECTURES: dict[str, type[nn.Module]] = {
    "srgan": Discriminator,
    "small_residual": SmallResidualDiscriminator,
    "patch": PatchDiscriminator,
    "unet": UNetDiscriminator,
    "wavelet": WaveletDiscriminator,
}


def discriminator_config(adversarial: Adversarial, crop: int, value_range: ValueRange = "zero_one") -> dict[str, Any]:
    """Describe the discriminator of the adversarial stage's parameters, as plain JSON for a model file.

    ``crop``, ``head`` and the generator's ``value_range`` are left out for discriminators with a logit per patch or pixel,
    which work in [0,1]; so is the range [0,1].
    """
    config: dict[str, Any] = {"architecture": adversarial.discriminator, "channels": adversarial.discriminator_channels}
    if issubclass(ARCHITECTURES[adversarial.discriminator], ImageDiscriminator):
        config |= {"crop": crop, "head": adversarial.discriminator_head}
        config |= {"value_range": value_range} if value_range != "zero_one" else {}
    return config


def build_discriminator(config: Mapping[str, Any]) -> nn.Module:
    """Build a discriminator from its configuration: ``architecture``, ``channels`` and for some ``crop`` and ``head``.

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
