"""Train the generator alone: the warm-up before adversarial training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas

from srgan_lib.data.pairs import Pair
from srgan_lib.files import digest
from srgan_lib.models.files import CheckpointError, load_tensors, read_configuration
from srgan_lib.models.generators import generator_config
from srgan_lib.models.shipped import find_start
from srgan_lib.params import Params
from srgan_lib.params.section import ParameterError
from srgan_lib.params.training import Warmup, is_own
from srgan_lib.training.loop import train
from srgan_lib.training.losses import GeneratorLoss, find_own, own_losses
from srgan_lib.training.tasks import Job, OnStep, SupervisedTask


def train_warmup(
    params: Params,
    train_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    directory: Path,
    fingerprint: str,
    on_step: OnStep | None = None,
    *,
    generator: type | None = None,
    extra_losses: Mapping[type, float] | None = None,
) -> pandas.DataFrame:
    """Train the generator alone, on pixels and VGG-19 features; writes ``generator.safetensors``.

    ``generator`` and ``extra_losses`` (each with its weight) are classes of the user's own that a notebook's cell
    defines; they take the place of the parameters of these names. The sources of all own classes are kept in ``code/``.
    Other parameters, returns and raises as :func:`~srgan_lib.training.srcnn.train_srcnn`; also ``BackboneError`` where
    ``content_weights`` is ``imagenet`` and VGG-19 is not on this disk, and ``OwnCodeError`` for an own class that is
    not there or is no network or loss, and ``ParameterError`` where parameters contradict the network that
    ``warmup.start`` names.
    """
    stage, scale = params.warmup, params.shared.scale
    own = find_own(generator or stage.generator) if generator or is_own(stage.generator) else None
    if own:
        own.keep(directory)
    start = find_start(stage.start, scale) if stage.start else None
    if start:
        config = started_config(stage, scale, start)
    else:
        config = own.config(scale) if own else generator_config(stage, scale)
    named = stage.extra_losses if extra_losses is None else extra_losses
    losses, fingerprint = own_losses(named, directory, fingerprint)
    if generator:
        fingerprint = digest([fingerprint, config])
    job = Job("warmup", params, train_pairs, validation_pairs, directory, fingerprint, on_step)

    def build(job: Job) -> SupervisedTask:
        loss = GeneratorLoss.of(stage, params.shared, job.compute, job.first_crops(), losses)
        return SupervisedTask(job, "generator", config, loss, stage.initialisation, own, start)

    return train(job, ["generator"], build)


def started_config(warmup: Warmup, scale: int, path: Path) -> dict[str, Any]:
    """Read the configuration of the network in a file, with which changed parameters must agree.

    A parameter that has its default says nothing about the architecture. LR consistency and even phases, which have no
    weights, can be added to a network that is without them. Raises ``ParameterError`` if the file is no network, or is
    of another scale, or a parameter says otherwise than the file.
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
    if "even_phases" in added and config["architecture"] not in ("srresnet", "plain"):
        raise ParameterError(
            f"warmup.generator_even_phases: {path} is of {config['architecture']}, "
            "and only srresnet and plain have them; leave it out"
        )
    for name, value in wanted.items():
        if value != usual.get(name) and value != config.get(name):
            raise ParameterError(
                f"warmup: {name} is {value!r}, and {path} has {config.get(name, 'none')!r}; leave the parameter out, "
                "for the architecture comes from the file"
            )
    return config | added
