"""Build any discriminator from its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srgan_lib.models.image_discriminator import ImageDiscriminator
from srgan_lib.models.small_discriminator import SmallResidualDiscriminator
from srgan_lib.models.srgan_discriminator import Discriminator
from srgan_lib.params import Adversarial

ARCHITECTURES: dict[str, type[ImageDiscriminator]] = {
    "srgan": Discriminator,
    "small_residual": SmallResidualDiscriminator,
}


def discriminator_config(adversarial: Adversarial, crop: int) -> dict[str, Any]:
    """Describe the discriminator of the adversarial stage's parameters, as plain JSON for a model file."""
    return {
        "architecture": adversarial.discriminator,
        "crop": crop,
        "head": adversarial.discriminator_head,
        "channels": adversarial.discriminator_channels,
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
