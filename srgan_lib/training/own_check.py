"""Check a network or a loss of the user's own before it is trained with."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from srgan_lib.models.own_code import OwnCodeError

LARGEST_VALUE = 100.0  #: beyond, a network most likely makes values of [0,255]


def check_generator(network: nn.Module, name: str, scale: int, side: int) -> None:
    """Check on random images that a network enlarges and learns; the network stays as it is.

    Parameters
    ----------
    network : on the CPU.
    name : of its class, for the message.
    scale : enlargement factor.
    side : LR pixels of the training crops.

    Raises
    ------
    OwnCodeError
        If the output has another shape, type or value range, or the gradient does not reach every parameter.
    """
    network = copy.deepcopy(network)
    parameters = {key: value for key, value in network.named_parameters() if value.requires_grad}
    if not parameters:
        raise OwnCodeError(f"{name} has no parameters to train")
    with torch.random.fork_rng(devices=[]):
        lr = torch.rand(2, 3, side, side)
        sr = _output(network.train(), lr, name, scale)
        (sr - torch.rand_like(sr)).square().mean().backward()
        with torch.no_grad():
            _output(network.eval(), torch.rand(1, 3, side, side + 4), name, scale)
    missing = [key for key, value in parameters.items() if value.grad is None or not value.grad.isfinite().all()]
    if missing:
        raise OwnCodeError(
            f"{name}: no finite gradient reaches {', '.join(missing[:5])}; use every parameter in forward(), "
            "or call requires_grad_(False) on those that stay fixed"
        )


def check_loss(loss: Any, name: str, crops: Tensor) -> None:
    """Check that a loss compares images and teaches.

    Parameters
    ----------
    loss : called with (sr, hr), N×3×H×W in [0,1] each.
    name : of its class, for the message.
    crops : HR crops, N×3×H×W in [0,1].

    Raises
    ------
    OwnCodeError
        If the value is no finite scalar, or has no gradient for ``sr``.
    """
    with torch.random.fork_rng(devices=[]):
        noise = torch.rand(crops.shape).to(crops.device)
    sr = (0.5 * crops + 0.5 * noise).requires_grad_()
    value = loss(sr, crops)
    if not isinstance(value, Tensor) or value.ndim != 0 or not value.isfinite():
        shown = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) and value.ndim else value
        raise OwnCodeError(f"{name}: a loss returns one finite number as a tensor without dimensions, not {shown}")
    gradient = torch.autograd.grad(value, sr, allow_unused=True)[0] if value.requires_grad else None
    if gradient is None or not gradient.isfinite().all() or not gradient.any():
        raise OwnCodeError(
            f"{name}: its gradient for sr, the first argument, is missing, zero or not finite, so it would teach "
            "nothing; compute it from sr with differentiable functions, without detach() and no_grad()"
        )


def _output(network: nn.Module, lr: Tensor, name: str, scale: int) -> Tensor:
    """What a network makes of N×3×h×w images in [0,1], if it is an image."""
    sr = network(lr)
    expected = (len(lr), 3, scale * lr.shape[2], scale * lr.shape[3])
    if not isinstance(sr, Tensor) or tuple(sr.shape) != expected:
        got = tuple(sr.shape) if isinstance(sr, Tensor) else type(sr).__name__
        raise OwnCodeError(
            f"{name}: at scale {scale} it must make {expected} of {tuple(lr.shape)} (images, channels, height, width), "
            f"and made {got}"
        )
    if not sr.is_floating_point() or not sr.isfinite().all() or sr.abs().max() > LARGEST_VALUE:
        raise OwnCodeError(
            f"{name}: images have float values around [0,1], and it made {sr.dtype} from {sr.min():.3g} to {sr.max():.3g}"
        )
    return sr
