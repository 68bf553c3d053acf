"""Train the generator alone: the warm-up before adversarial training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas

from srgan_lib.data.pairs import Pair
from srgan_lib.files import digest
from srgan_lib.models.generators import generator_config
from srgan_lib.models.own_code import OwnClass, locate, own_class
from srgan_lib.params import Params
from srgan_lib.params.training import is_own
from srgan_lib.training.loop import Loop, OnStep
from srgan_lib.training.losses import ImageTerms
from srgan_lib.training.own_loss import own_losses, with_own_losses
from srgan_lib.training.start import started_config
from srgan_lib.training.supervised import SupervisedTask
from srgan_lib.weights import find_start


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

    ``generator`` and ``extra_losses`` (each with its weight) are classes of the user's own that a notebook's cell defines;
    they take the place of the parameters of these names. The sources of all own classes are kept in ``code/``. Other
    parameters, returns and raises as :func:`~srgan_lib.training.srcnn.train_srcnn`; also ``BackboneError`` where
    ``content_weights`` is ``imagenet`` and VGG-19 is not on this disk, and ``OwnCodeError`` for an own class that is not
    there or is no network or loss, and ``ParameterError`` where parameters contradict the network that ``warmup.start``
    names.
    """
    stage, scale = params.warmup, params.shared.scale
    own: OwnClass | None = None
    if generator or is_own(stage.generator):
        own = own_class(generator, generator.__name__) if generator else own_class(*locate(stage.generator))
        own.keep(directory)
    start = find_start(stage.start, scale) if stage.start else None
    if start:
        config = started_config(stage, scale, start)
    else:
        config = own.config(scale) if own else generator_config(stage, scale)
    named = stage.extra_losses if extra_losses is None else extra_losses
    losses = own_losses(named) if named else []
    if losses:
        fingerprint = with_own_losses(fingerprint, losses, directory)
    if generator:
        fingerprint = digest([fingerprint, config])
    loop = Loop("warmup", params, train_pairs, validation_pairs, directory, fingerprint, on_step)

    def build() -> SupervisedTask:
        sharpen = params.shared.sharpen_targets
        terms = ImageTerms.of(stage, loop.compute, loop.first_crops(), scale, losses, sharpen)
        return SupervisedTask(loop, "generator", config, terms, stage.initialisation, own, start)

    return loop.run(["generator"], build)
