"""Build any generator from its configuration."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from srgan_lib.models.base import SuperResolver
from srgan_lib.models.espcn import ESPCN
from srgan_lib.models.rrdbnet import RRDBNet
from srgan_lib.models.small_tanh import SmallTanh
from srgan_lib.models.srcnn import SRCNN
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.params import Srcnn, Warmup

ARCHITECTURES: dict[str, type[SuperResolver]] = {
    "srcnn": SRCNN,
    "srresnet": SRResNet,
    "rrdbnet": RRDBNet,
    "espcn": ESPCN,
    "small_tanh": SmallTanh,
}


def srcnn_config(srcnn: Srcnn, scale: int) -> dict[str, Any]:
    """The configuration of SRCNN that its stage's parameters describe, as plain JSON for a model file."""
    return {"architecture": "srcnn", "layout": srcnn.layout, "global_skip": srcnn.global_skip, "scale": scale}


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
