"""How a loss changes a network: gradients, clipping, a scheduled learning rate, Adam."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from srgan_lib.params import Training
from srgan_lib.training.schedules import Schedule, learning_rate_factor

MOMENTS = ("exp_avg", "exp_avg_sq")


class Optimizer:
    """Adam for one network, with the stage's schedule and gradient clipping.

    Parameters
    ----------
    network : whose parameters are updated.
    stage : steps, betas, milestones and clipping.
    learning_rate, schedule : the stage's own, or those of its discriminator.
    """

    def __init__(self, network: nn.Module, stage: Training, learning_rate: float, schedule: Schedule) -> None:
        self.parameters = dict(network.named_parameters())
        self.stage = stage
        self.peak = learning_rate
        self.schedule = schedule
        self.adam = torch.optim.Adam(self.parameters.values(), learning_rate, (stage.beta1, stage.beta2), fused=True)

    def learning_rate(self, step: int) -> float:
        """The rate at a step, counted from 0."""
        stage = self.stage
        return self.peak * learning_rate_factor(self.schedule, step, stage.steps, stage.schedule_milestones,
                                                stage.schedule_factor)

    def update(self, loss: Tensor, step: int, gradient: Tensor | None = None) -> Tensor:
        """Descend along the gradient of ``loss``, a scalar, or any tensor with its own ``gradient``.

        Returns the norm of the parameters' gradient, before clipping.
        """
        self.adam.zero_grad(set_to_none=True)
        loss.backward(gradient, inputs=list(self.parameters.values()))
        norm = nn.utils.clip_grad_norm_(self.parameters.values(), self.stage.gradient_clip or math.inf)
        self.adam.param_groups[0]["lr"] = self.learning_rate(step)
        self.adam.step()
        return norm

    def state(self) -> dict[str, Tensor]:
        """Adam's moments and step counts, by parameter."""
        return {f"{name}.{key}": value for name, parameter in self.parameters.items()
                for key, value in self.adam.state[parameter].items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over what :meth:`state` gave, in the parameters' own memory layout, which the fused kernel relies on."""
        for name, parameter in self.parameters.items():
            moments = {key: torch.empty_like(parameter).copy_(state[f"{name}.{key}"]) for key in MOMENTS}
            self.adam.state[parameter] = {"step": state[f"{name}.step"].to(parameter.device), **moments}
