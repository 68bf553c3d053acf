"""The training task without a discriminator: one network comes near HR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor

from srgan_lib.models.files import load_model
from srgan_lib.models.generators import build_generator
from srgan_lib.models.own_code import Code
from srgan_lib.params.training import Initialisation
from srgan_lib.training.compute import seeded
from srgan_lib.training.loop import Loop, TrainingTask
from srgan_lib.training.losses import ImageTerms, weighted_sum
from srgan_lib.training.optimizer import Optimizer
from srgan_lib.training.own_check import check_generator
from srgan_lib.training.state import NetworkState


class SupervisedTask(TrainingTask):
    """One network that learns to come near HR.

    Parameters
    ----------
    loop : gives the stage's parameters and where it runs.
    name, config : of the network: its file's name, and what builds it.
    terms : its loss.
    initialisation : of its convolutions; a network of the user's own initialises itself.
    code : where the class of a network of the user's own is.
    start : the file of a trained network of this configuration to begin with, instead of an initialisation.
    """

    def __init__(
        self,
        loop: Loop,
        name: str,
        config: dict[str, Any],
        terms: ImageTerms,
        initialisation: Initialisation = "default",
        code: Code | None = None,
        start: Path | None = None,
    ) -> None:
        stage = loop.stage
        self.compute = loop.compute
        self.terms = terms
        with seeded(loop.params.shared.seed, f"{loop.stage_name} weights"):
            network = build_generator(config, code)
            if code is None:
                network.initialise(initialisation)
        if start is not None:
            network.load_state_dict(load_model(start, code)[0].state_dict())
        if code is not None:
            shared = loop.params.shared
            check_generator(network, config["class"], shared.scale, shared.crop // shared.scale)
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
