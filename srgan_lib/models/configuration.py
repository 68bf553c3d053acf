"""Check what a file with weights says of its network, before anything is built from it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, ValidationError, create_model

from srgan_lib.models.generators import ARCHITECTURES
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import Srcnn, Warmup

#: What a network of the user's own records of its source.
OWN = ("class", "file", "sha256")
#: What the options of networks may be: that of the parameter that sets each.
OPTIONS: dict[str, Any] = {
    name: (field.annotation, field)
    for name, field in {
        "scale": Shared.model_fields["scale"],
        "channels": Warmup.model_fields["generator_channels"],
        "blocks": Warmup.model_fields["generator_blocks"],
        "norm": Warmup.model_fields["generator_norm"],
        "attention": Warmup.model_fields["generator_attention"],
        "even_phases": Warmup.model_fields["generator_even_phases"],
        "input": Warmup.model_fields["generator_input"],
        "global_skip": Warmup.model_fields["global_skip"],
        "value_range": Warmup.model_fields["value_range"],
        "layout": Srcnn.model_fields["layout"],
    }.items()
}
_Options = create_model(
    "_Options", __config__=ConfigDict(strict=True), consistent=(bool, False), **OPTIONS, **dict.fromkeys(OWN, (str, ""))
)


def check_configuration(config: Any) -> dict[str, Any]:
    """Check the configuration of a network that enlarges; sizes are as bounded as in a params file.

    Returns
    -------
    The configuration, as :func:`~srgan_lib.models.generators.build_generator` takes it.

    Raises
    ------
    ValueError
        In a sentence: what is wrong, and what is allowed.
    """
    if not isinstance(config, Mapping):
        raise ValueError(f"its configuration is a {type(config).__name__}, not an object")
    architecture = config.get("architecture")
    if architecture == "own":
        known = {*OWN, "scale", "consistent"}
        if missing := {*OWN, "scale"} - config.keys():
            raise ValueError(f"its configuration lacks {min(missing)}")
    elif isinstance(architecture, str) and architecture in ARCHITECTURES:
        known = {*inspect.signature(ARCHITECTURES[architecture]).parameters, "consistent"}
    else:
        raise ValueError(f"unknown architecture {str(architecture)[:40]!r}; there are {', '.join(ARCHITECTURES)}, own")
    if unknown := config.keys() - known - {"architecture"}:
        raise ValueError(f"{architecture} has no option {min(unknown)[:40]!r}")
    try:
        _Options.model_validate(dict(config))
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ValueError(
            f"{wrong['loc'][0]} of its configuration is {str(wrong['input'])[:40]}: {wrong['msg'].lower()}"
        ) from None
    return dict(config)
