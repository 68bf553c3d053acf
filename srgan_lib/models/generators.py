"""Build any generator from its configuration."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from srgan_lib.models.base import SuperResolver
from srgan_lib.models.compact import Compact
from srgan_lib.models.espcn import ESPCN
from srgan_lib.models.own_code import Code, OwnCodeError, locate, own_class, recorded_class
from srgan_lib.models.rrdbnet import RRDBNet
from srgan_lib.models.small_tanh import SmallTanh
from srgan_lib.models.srcnn import SRCNN
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.params.training import Srcnn, Warmup, is_own

ARCHITECTURES: dict[str, type[SuperResolver]] = {
    "srcnn": SRCNN,
    "srresnet": SRResNet,
    "rrdbnet": RRDBNet,
    "espcn": ESPCN,
    "small_tanh": SmallTanh,
    "compact": Compact,
}


def srcnn_config(srcnn: Srcnn, scale: int) -> dict[str, Any]:
    """The configuration of SRCNN that its stage's parameters describe, as plain JSON for a model file."""
    return {"architecture": "srcnn", "layout": srcnn.layout, "global_skip": srcnn.global_skip, "scale": scale}


def generator_config(warmup: Warmup, scale: int) -> dict[str, Any]:
    """Describe the generator that the warm-up's parameters ask for, as plain JSON for a model file."""
    options = {
        "scale": scale,
        "channels": warmup.generator_channels,
        "blocks": warmup.generator_blocks,
        "norm": warmup.generator_norm,
        "input": warmup.generator_input,
        "global_skip": warmup.global_skip,
        "value_range": warmup.value_range,
    }
    if is_own(warmup.generator):
        return own_class(*locate(warmup.generator)).config(scale)
    if warmup.generator_attention != "none":  # left out otherwise: files of networks without it have no such entry
        options["attention"] = warmup.generator_attention
    if warmup.generator_even_phases:
        options["even_phases"] = True
    known = inspect.signature(ARCHITECTURES[warmup.generator]).parameters
    config = {"architecture": warmup.generator, **{name: value for name, value in options.items() if name in known}}
    return config | ({"consistent": True} if warmup.lr_consistency else {})


def build_generator(config: Mapping[str, Any], code: Code | None = None) -> SuperResolver:
    """Build a network from its configuration: ``architecture``, that class's arguments, and whether it is ``consistent``.

    Parameters
    ----------
    config : as :func:`generator_config` returns it; ``{"architecture": "own", …}`` stands for a class of the user's own.
    code : where that class is; not used for other architectures.

    Raises
    ------
    ValueError
        For an architecture that this version does not know, or options that it does not have.
    OwnCodeError
        Where the class of the user's own is not given, or is not the one that the configuration records.
    """
    options = dict(config)
    architecture, consistent = options.pop("architecture", None), options.pop("consistent", False)
    if architecture == "own":
        return _build_own(recorded_class(code, options).value, options["scale"])
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {architecture!r}; there are {', '.join(ARCHITECTURES)}, own")
    try:
        model = ARCHITECTURES[architecture](**options)
    except TypeError as error:
        raise ValueError(f"{architecture} cannot be built from {options}: {error}") from None
    if consistent:
        model.make_consistent()
    return model


def _build_own(kind: type, scale: int) -> Any:
    """Build a network of the user's own, whose output is float32 like that of the others."""
    if not issubclass(kind, nn.Module):
        raise OwnCodeError(f"{kind.__name__} is no network; derive it from torch.nn.Module or SuperResolver")
    try:
        inspect.signature(kind).bind(scale=scale)
    except TypeError as error:
        raise OwnCodeError(f"{kind.__name__} cannot be built by {kind.__name__}(scale={scale}): {error}") from None
    network: Any = kind(scale=scale)
    vars(network)["scale"] = scale
    network.register_forward_hook(_to_float32)  # under autocast a plain module may end in bfloat16
    return network


def _to_float32(network: nn.Module, inputs: Any, output: Any) -> Any:
    return output.float() if isinstance(output, Tensor) else output
