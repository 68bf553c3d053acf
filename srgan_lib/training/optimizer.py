"""How a loss changes a network: gradients, clipping, a scheduled learning rate, Adam."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from srgan_lib.params.training import Schedule, Training
from srgan_lib.training.processes import all_reduce_mean

EPSILON = 1e-8
WARMING = 0.3  #: share of the steps in which one_cycle rises
FIRST, LAST = 1 / 25, 1e-4 / 25  #: one_cycle's factors at the start and at the end


def learning_rate_factor(
    kind: Schedule, step: int, steps: int, milestones: Sequence[float] = (), factor: float = 1.0
) -> float:
    """Return the factor of the learning rate at ``step`` (from 0) of ``steps``.

    Parameters
    ----------
    kind : ``constant``; ``step``: multiplied by ``factor`` at each milestone; ``cosine``: from 1 to 0 (Loshchilov &
        Hutter 2017); ``one_cycle``: up from 1/25 to 1 in the first 30 %, then down to almost 0, both along a cosine
        (Smith & Topin 2019).
    milestones : fractions of ``steps``.
    """
    progress = step / steps
    if kind == "step":
        return factor ** sum(progress >= milestone for milestone in milestones)
    if kind == "cosine":
        return _between(1.0, 0.0, progress)
    if kind == "one_cycle":
        if progress < WARMING:
            return _between(FIRST, 1.0, progress / WARMING)
        return _between(1.0, LAST, (progress - WARMING) / (1 - WARMING))
    return 1.0


def _between(start: float, end: float, progress: float) -> float:
    """Interpolate from ``start`` to ``end`` along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


class Optimizer:
    """Adam for one network, with the stage's schedule and gradient clipping.

    Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, by PyTorch's fused kernel. (Its functional
    form: constructing ``torch.optim.Adam`` imports the compiler, which takes seconds.) ``learning_rate`` and
    ``schedule`` are the stage's own, or those of its discriminator.
    """

    def __init__(self, network: nn.Module, stage: Training, learning_rate: float, schedule: Schedule) -> None:
        self.stage = stage
        self.peak = learning_rate
        self.schedule: Schedule = schedule
        plain = partial(adam, fused=True, amsgrad=False, weight_decay=0.0, maximize=False)
        self.adam = partial(plain, beta1=stage.beta1, beta2=stage.beta2, eps=EPSILON)
        self.names, self.parameters = (list(part) for part in zip(*network.named_parameters(), strict=True))
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.counts = [parameter.new_zeros((), dtype=torch.float32) for parameter in self.parameters]

    def learning_rate(self, step: int) -> float:
        """Return the learning rate at a step, counted from 0."""
        stage = self.stage
        return self.peak * learning_rate_factor(
            self.schedule, step, stage.steps, stage.schedule_milestones, stage.schedule_factor
        )

    def update(self, loss: Tensor, step: int, gradient: Tensor | None = None) -> Tensor:
        """Descend along the gradient of ``loss``, a scalar, or any tensor with its own ``gradient``.

        Several processes take the step together, along the mean of their gradients. Returns the norm of the parameters'
        gradient, before clipping.
        """
        for parameter in self.parameters:
            parameter.grad = None
        loss.backward(gradient, inputs=self.parameters)
        gradients = [parameter.grad for parameter in self.parameters]
        all_reduce_mean(gradients)
        norm = nn.utils.get_total_norm(gradients)
        if self.stage.gradient_clip:
            nn.utils.clip_grads_with_norm_(self.parameters, self.stage.gradient_clip, norm)
        with torch.no_grad():
            self.adam(
                self.parameters, gradients, self.means, self.squares, [], self.counts, lr=self.learning_rate(step)
            )
        return norm

    def state_dict(self) -> dict[str, Tensor]:
        """Return Adam's moments and step counts by parameter."""
        state: dict[str, Tensor] = {}
        for kind, tensors in (("mean", self.means), ("square", self.squares), ("count", self.counts)):
            state |= zip([f"{name}.{kind}" for name in self.names], tensors, strict=True)
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over what :meth:`state_dict` gave."""
        for name, tensor in self.state_dict().items():
            tensor.copy_(state[name])
