"""Training without a discriminator: SRCNN on pixels, and the generator's warm-up on pixels and VGG-19 features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas
from torch import Tensor

from srgan_lib.data.pairs import Pair
from srgan_lib.models.generators import build_generator, generator_config
from srgan_lib.params import Initialisation, Params
from srgan_lib.training.compute import seeded
from srgan_lib.training.loop import Loop, OnStep, OnWarning, TrainingTask
from srgan_lib.training.losses import DISTANCES, ImageTerms, weighted_sum
from srgan_lib.training.optimizer import Optimizer
from srgan_lib.training.state import NetworkState


class Supervised(TrainingTask):
    """One network that learns to come near HR.

    Parameters
    ----------
    loop : gives the stage's parameters and where it runs.
    name, config : of the network: its file's name, and what builds it.
    terms : its loss.
    initialisation : of its convolutions.
    """

    def __init__(
        self,
        loop: Loop,
        name: str,
        config: dict[str, Any],
        terms: ImageTerms,
        initialisation: Initialisation = "default",
    ) -> None:
        stage = loop.stage
        self.compute = loop.compute
        self.terms = terms
        with seeded(loop.params.shared.seed, f"{loop.stage_name} weights"):
            network = build_generator(config)
            network.initialise(initialisation)
        network = self.compute.trainable(network)
        self.trained = NetworkState(network, config, Optimizer(network, stage, stage.learning_rate, stage.schedule))
        self.networks = {name: self.trained}
        self.card = terms.card
        self.generate = self.compute.compiled(network)

    def step(self, step: int, lr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Descend along the weighted terms."""
        with self.compute.autocast():
            sr = self.generate(lr)
        loss, values = weighted_sum(self.terms(sr, hr), self.terms.weights)
        return values | {"grad_norm": self.trained.optimizer.update(loss, step)}


def train_srcnn(
    params: Params,
    train_pairs: Sequence[Pair],
    validation_pairs: Sequence[Pair],
    directory: Path,
    fingerprint: str,
    on_step: OnStep | None = None,
    on_warning: OnWarning | None = None,
) -> pandas.DataFrame:
    """Train SRCNN on the mean squared error of pixels.

    Parameters
    ----------
    params : resolved parameters (device, dtype and threads are values).
    train_pairs, validation_pairs : the images.
    directory : receives ``srcnn.safetensors``, ``loss_curve.csv``, ``validation.csv``, ``speed.json`` and
        ``checkpoints/``.
    fingerprint : of everything that decides the weights: training goes on where it stopped under the same one, and is
        not repeated if it was finished under it.
    on_step : called after every step with (step, steps, the new row of the loss curve or None).
    on_warning : told in a sentence what the user should know.

    Returns
    -------
    The loss curve.

    Raises
    ------
    Interrupted
        After Ctrl-C, when the state is saved.
    Diverged
        When a loss is no number any more, or explodes.
    CheckpointError
        When a checkpoint of this fingerprint holds another network.
    """
    stage = params.srcnn
    config = {
        "architecture": "srcnn",
        "layout": stage.layout,
        "global_skip": stage.global_skip,
        "scale": params.shared.scale,
    }
    loop = Loop("srcnn", params, train_pairs, validation_pairs, directory, fingerprint, on_step, on_warning)
    terms = ImageTerms({"pixel": DISTANCES["mse"]}, {"pixel": 1.0})
    return loop.run(["srcnn"], lambda: Supervised(loop, "srcnn", config, terms))


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

    Parameters, returns and raises as :func:`train_srcnn`; also ``BackboneError`` where ``content_weights`` is
    ``imagenet`` and VGG-19 is not on this disk.
    """
    stage = params.warmup
    config = generator_config(stage, params.shared.scale)
    loop = Loop("warmup", params, train_pairs, validation_pairs, directory, fingerprint, on_step, on_warning)

    def build() -> Supervised:
        terms = ImageTerms.of(stage, loop.compute, loop.first_crops())
        return Supervised(loop, "generator", config, terms, stage.initialisation)

    return loop.run(["generator"], build)
