"""Losses of the user's own: classes that compare images, as terms of a generator's loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor, nn

from srgan_lib.files import digest
from srgan_lib.models.own_code import OwnClass, locate, own_class
from srgan_lib.training.compute import Compute
from srgan_lib.training.distances import Distance
from srgan_lib.training.own_check import check_loss


def own_losses(losses: Mapping[str, float] | Mapping[type, float]) -> list[tuple[OwnClass, float]]:
    """Load the classes that a stage's ``extra_losses`` names, or that a notebook gives, with their weights.

    Raises
    ------
    OwnCodeError
        If a file or class is not there.
    """
    return [
        (own_class(*locate(key)) if isinstance(key, str) else own_class(key, key.__name__), weight)
        for key, weight in losses.items()
        if weight
    ]


def with_own_losses(fingerprint: str, losses: Sequence[tuple[OwnClass, float]], directory: Path) -> str:
    """Keep the sources of losses in a stage's folder, and tell trainings with other ones apart."""
    for loss, _ in losses:
        loss.keep(directory)
    return digest([fingerprint, [(loss.name, loss.sha256, weight) for loss, weight in losses]])


def build_loss(own: OwnClass, compute: Compute, crops: Tensor) -> Distance:
    """Build a loss without arguments, on the device, and check it on HR crops; a network inside it stays fixed.

    Raises
    ------
    OwnCodeError
        If it is no loss.
    """
    loss = own.value()
    if isinstance(loss, nn.Module):
        loss = loss.to(compute.device).requires_grad_(False).eval()
    check_loss(loss, own.name, crops)
    return loss
