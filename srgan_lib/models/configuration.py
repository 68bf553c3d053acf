"""Check what a file with weights says of its network, before anything is built from it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from srgan_lib.models.generators import ARCHITECTURES
from srgan_lib.params import Shared, Srcnn, Warmup

#: What each option of a network may be: that of the parameter that sets it.
OPTIONS: dict[str, FieldInfo] = {
    "scale": Shared.model_fields["scale"],
    "channels": Warmup.model_fields["generator_channels"],
    "blocks": Warmup.model_fields["generator_blocks"],
    "norm": Warmup.model_fields["generator_norm"],
    "input": Warmup.model_fields["generator_input"],
    "global_skip": Warmup.model_fields["global_skip"],
    "value_range": Warmup.model_fields["value_range"],
    "layout": Srcnn.model_fields["layout"],
    "consistent": FieldInfo(annotation=bool),
}
#: What a network of the user's own records of its source.
OWN = {name: FieldInfo(annotation=str) for name in ("class", "file", "sha256")}


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
    for name, field in (OPTIONS | OWN).items():
        if name in config:
            _check_option(name, field, config[name])
    return dict(config)


def _check_option(name: str, field: FieldInfo, value: Any) -> None:
    try:
        TypeAdapter(Annotated[field.annotation, field]).validate_python(value, strict=True)
    except ValidationError as error:
        raise ValueError(
            f"{name} of its configuration is {str(value)[:40]}: {error.errors()[0]['msg'].lower()}"
        ) from None
