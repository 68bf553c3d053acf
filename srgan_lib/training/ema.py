"""The moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class MovingAverage:
    """Keeps ``average = decay·average + (1 - decay)·new`` of a network's parameters; its buffers are copied.

    Parameters
    ----------
    network : the network averaged; its present weights are the first average.
    decay : in [0,1); 0 keeps the new weights themselves.

    Attributes
    ----------
    averaged : a network with the averaged weights.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = network
        self.decay = decay
        self.averaged = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def update(self) -> None:
        """Take in the network's present weights."""
        for average, new in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
            average.lerp_(new, 1 - self.decay)
        for average, new in zip(self.averaged.buffers(), self.network.buffers(), strict=True):
            average.copy_(new)
