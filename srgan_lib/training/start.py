"""Start from trained weights, if the parameters agree with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srgan_lib.models.files import CheckpointError, load_tensors, read_configuration
from srgan_lib.models.generators import generator_config
from srgan_lib.params.section import ParameterError
from srgan_lib.params.training import Warmup


def started_config(warmup: Warmup, scale: int, path: Path) -> dict[str, Any]:
    """Read the configuration of the network in a file, with which changed parameters must agree.

    Parameters
    ----------
    warmup : the stage's parameters; one that has its default says nothing about the architecture. LR consistency
        and even phases, which have no weights, can be added to a network that is without them.
    scale : enlargement factor of the run.
    path : the file of a trained network.

    Raises
    ------
    ParameterError
        If the file is no network, or is of another scale, or a parameter says otherwise than the file.
    """
    try:
        config = read_configuration(path, load_tensors(path)[1])
    except CheckpointError as error:
        raise ParameterError(f"warmup.start: {error}") from None
    if config.get("scale") != scale:
        raise ParameterError(
            f"warmup.start: {path} enlarges ×{config.get('scale')}, and shared.scale is {scale}; change one of them"
        )
    wanted, usual = generator_config(warmup, scale), generator_config(Warmup(), scale)
    added = {name: wanted.pop(name) for name in ("consistent", "even_phases") if name in wanted}
    if "even_phases" in added and config["architecture"] != "srresnet":
        raise ParameterError(
            f"warmup.generator_even_phases: {path} is of {config['architecture']}, and only srresnet has them; leave it out"
        )
    for name, value in wanted.items():
        if value != usual.get(name) and value != config.get(name):
            raise ParameterError(
                f"warmup: {name} is {value!r}, and {path} has {config.get(name, 'none')!r}; leave the parameter out, for the "
                "architecture comes from the file"
            )
    return config | added
