"""Train the generator alone: the warm-up before adversarial training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas

from srgan_lib.data.pairs import Pair
from srgan_lib.models.generators import generator_config
from srgan_lib.params import Params
from srgan_lib.training.loop import Loop, OnStep, OnWarning
from srgan_lib.training.losses import ImageTerms
from srgan_lib.training.supervised import Supervised


def train_warmup(
    params: Params,
    train_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    directory: Path,
    fingerprint: str,
    on_step: OnStep | None = None,
    on_warning: OnWarning | None = None,
) -> pandas.DataFrame:
    """Train the generator alone, on pixels and VGG-19 features; writes ``generator.safetensors``.

    Parameters, returns and raises as :func:`~srgan_lib.training.srcnn.train_srcnn`; also ``BackboneError`` where ``content_weights`` is
    ``imagenet`` and VGG-19 is not on this disk.
    """
    stage = params.warmup
    config = generator_config(stage, params.shared.scale)
    loop = Loop("warmup", params, train_pairs, validation_pairs, directory, fingerprint, on_step, on_warning)

    def build() -> Supervised:
        terms = ImageTerms.of(stage, loop.compute, loop.first_crops())
        return Supervised(loop, "generator", config, terms, stage.initialisation)

    return loop.run(["generator"], build)
