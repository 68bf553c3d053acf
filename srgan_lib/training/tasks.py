"""What is trained: a job, the tasks that do the steps of its stage, and the one without a discriminator."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from srgan_lib.data.pairs import Pair
from srgan_lib.data.patches import PatchSampler
from srgan_lib.models.files import load_model
from srgan_lib.models.generators import build_generator, enlarged
from srgan_lib.models.own_code import Code, OwnCodeError, running
from srgan_lib.params import Params
from srgan_lib.params.training import Initialisation
from srgan_lib.training.checkpoints import NetworkState
from srgan_lib.training.compute import Compute, seeded
from srgan_lib.training.losses import GeneratorLoss
from srgan_lib.training.observers import Observer
from srgan_lib.training.optimizer import Optimizer
from srgan_lib.training.validation import Validation

OnStep = Callable[[int, int, Mapping[str, float] | None], None]


@dataclass(frozen=True)
class Job:
    """One training of one stage: of what, on which images, where it computes and where it writes.

    Its fields are described at :func:`~srgan_lib.training.srcnn.train_srcnn`; ``part`` is the rank of this process and
    the number of the processes that train together.
    """

    stage_name: str
    params: Params
    train_pairs: Sequence[Pair]
    validation_pairs: Sequence[Pair]
    directory: Path
    fingerprint: str
    on_step: OnStep | None = None
    part: tuple[int, int] = (0, 1)

    @property
    def stage(self) -> Any:
        """The stage's parameters."""
        return getattr(self.params, self.stage_name)

    @cached_property
    def compute(self) -> Compute:
        """Where this process computes."""
        compute = Compute.of(self.params.shared)
        return compute.share(*self.part) if self.part[1] > 1 else compute

    @cached_property
    def sampler(self) -> PatchSampler:
        """Draws this process's part of the batches."""
        stage, shared = self.stage, self.params.shared
        return PatchSampler(self.train_pairs, shared, batch=stage.batch, augment=stage.augment, part=self.part)

    @cached_property
    def validation(self) -> Validation:
        """Judges the network between steps."""
        return Validation(self.validation_pairs, self.params.shared, self.compute, self.stage.monitor)

    def first_crops(self) -> Tensor:
        """Return the HR crops of the first step, N×3×H×W in [0,1], on which every process calibrates its losses."""
        return self.compute.images(replace(self, part=(0, 1)).sampler.batch(0)[1])

    def report(self, step: int, steps: int, row: Mapping[str, float] | None = None) -> None:
        """Call :attr:`on_step`, if there is one."""
        if self.on_step:
            self.on_step(step, steps, row)


class TrainingTask(ABC):
    """What a stage adds to the loop: networks and how they take a step, facts for their files, and observers.

    Networks are called by the name of their file; the first is the one that is validated and averaged.
    """

    networks: dict[str, NetworkState]
    card: dict[str, Any]
    observers: Sequence[Observer] = ()

    @abstractmethod
    def step(self, step: int, lr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Update the networks on one batch in [0,1]; return what the loss curve shows, as scalars on the device."""


class SupervisedTask(TrainingTask):
    """One network, built by ``config``, that learns to come near HR by a loss of images alone.

    It begins with the network in the file ``start`` if there is one, else with an initialisation of its convolutions; a
    network of the user's own, whose class is in ``code``, initialises itself.
    """

    def __init__(
        self,
        job: Job,
        name: str,
        config: dict[str, Any],
        loss: GeneratorLoss,
        initialisation: Initialisation = "default",
        code: Code | None = None,
        start: Path | None = None,
    ) -> None:
        stage, shared, self.compute = job.stage, job.params.shared, job.compute
        self.loss, self.card = loss, loss.card
        with seeded(shared.seed, f"{job.stage_name} weights"):
            network = build_generator(config, code)
            if code is None:
                network.initialise(initialisation)
        if start is not None:
            network.load_state_dict(load_model(start, code)[0].state_dict())
        if code is not None:
            check_generator(network, config["class"], shared.scale, shared.crop // shared.scale)
        network = self.compute.trainable(network)
        self.optimizer = Optimizer(network, stage, stage.learning_rate, stage.schedule)
        self.networks = {name: NetworkState(network, config, self.optimizer)}
        self.generate = self.compute.compiled(network)

    def step(self, step: int, lr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Descend along the weighted terms."""
        with self.compute.autocast():
            sr = self.generate(lr)
        loss, values = self.loss(sr, hr)
        return values | {"grad_norm": self.optimizer.update(loss, step)}


def check_generator(network: nn.Module, name: str, scale: int, side: int) -> None:
    """Check on random images that a network on the CPU, of the class ``name``, enlarges and learns; it stays as it is.

    ``side`` is that of LR training crops. Raises ``OwnCodeError`` if the output has another shape, type or value range,
    or the gradient does not reach every parameter.
    """
    network = copy.deepcopy(network)
    parameters = {key: value for key, value in network.named_parameters() if value.requires_grad}
    if not parameters:
        raise OwnCodeError(f"{name} has no parameters to train")
    with torch.random.fork_rng(devices=[]):
        lr = torch.rand(2, 3, side, side)
        sr = enlarged(network.train(), lr, scale)
        with running(type(network)):
            if sr.requires_grad:
                (sr - torch.rand_like(sr)).square().mean().backward()
        with torch.no_grad():
            enlarged(network.eval(), torch.rand(1, 3, side, side + 4), scale)
    missing = [key for key, value in parameters.items() if value.grad is None or not value.grad.isfinite().all()]
    if missing:
        raise OwnCodeError(
            f"{name}: no finite gradient reaches {', '.join(missing[:5])}; use every parameter in forward(), "
            "or call requires_grad_(False) on those that stay fixed"
        )
