"""The terms of a generator's loss, and their weighted sum.

Distances between images, between features of VGG-19, and own losses stand here; those against patterns in
:mod:`~srgan_lib.training.spectral`, those against a discriminator in :mod:`~srgan_lib.training.adversarial_loss`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.data.realistic import sharpened
from srgan_lib.files import digest
from srgan_lib.models.features import VGGFeatures
from srgan_lib.models.own_code import OwnClass, OwnCodeError, locate, own_class, running
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import GeneratorTraining
from srgan_lib.training.compute import Compute
from srgan_lib.training.spectral import MeshPenalty, evenness_penalty, grid_penalty

Distance = Callable[[Tensor, Tensor], Tensor]
OwnLosses = Sequence[tuple[OwnClass, float]]  #: losses of the user's own, each with its weight
CHARBONNIER_EPSILON = 1e-3


def charbonnier(a: Tensor, b: Tensor) -> Tensor:
    """Compute the mean of √((a − b)² + ε²), ε = 1e-3: an L1 that is smooth at 0 (Lai et al., LapSRN, CVPR 2017)."""
    return ((a - b).square() + CHARBONNIER_EPSILON**2).sqrt().mean()


def histogram_distance(a: Tensor, b: Tensor) -> Tensor:
    """Compute the mean squared difference of two N×C×H×W tensors after sorting each channel's values, a scalar.

    Sorted values are a histogram without bins: the distance is to ``a`` with the histograms of ``b``, each channel of
    each image for itself, wherever the values lie; the squared Wasserstein distance of the histograms. Of images it
    compares colours; of VGG-19's features, textures (Risser et al., "Stable and Controllable Neural Texture Synthesis
    and Style Transfer Using Histogram Losses", 2017).
    """
    return F.mse_loss(a.flatten(2).sort(dim=2).values, b.flatten(2).sort(dim=2).values)


def gram_distance(a: Tensor, b: Tensor) -> Tensor:
    """Compute the mean squared difference of the Gram matrices of two N×C×H×W features, a scalar.

    A Gram matrix holds how often two channels are active together, averaged over all places: the style of Gatys et al.
    ("Image Style Transfer Using Convolutional Neural Networks", CVPR 2016), and the texture term of EnhanceNet.
    """
    a, b = a.flatten(2), b.flatten(2)
    return F.mse_loss(a @ a.transpose(1, 2) / a.shape[2], b @ b.transpose(1, 2) / b.shape[2])


#: Distances between tensors of one shape, as a scalar mean over all elements.
DISTANCES: dict[str, Distance] = {"mse": F.mse_loss, "l1": F.l1_loss, "charbonnier": charbonnier}
#: Distances between the features of one layer, N×C×H×W each, as scalars.
FEATURE_DISTANCES: dict[str, Distance] = {**DISTANCES, "gram": gram_distance, "histogram": histogram_distance}


class FeatureLoss(nn.Module):
    """Weighted distance between the VGG-19 features of two images.

    With ``"mse"`` it is the content loss of Ledig et al. 2017 (equation 5). The mean is taken over channels too, as
    implementations do, where the equation divides by width and height alone: a factor of 1/512 for VGG54, which the
    term's weight has to be read with.

    ``layers`` has the weight of each layer, and ``kind`` is ``"mse"`` or ``"l1"`` for content, ``"gram"`` for style, or
    ``"histogram"``. ``scale`` multiplies the features (the paper: 1/12.75); ``"auto"`` multiplies each layer's by the
    reciprocal of their mean absolute value on the images given to :meth:`calibrate`.
    """

    def __init__(
        self, features: VGGFeatures, layers: Mapping[str, float], kind: str, scale: float | Literal["auto"]
    ) -> None:
        super().__init__()
        self.features = features
        self.layers = dict(layers)
        self.distance = FEATURE_DISTANCES[kind]
        self.scales = {layer: 1.0 if scale == "auto" else scale for layer in layers}
        self.automatic = scale == "auto"

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Set the automatic scales from N×3×H×W images in [0,1]; a scale given as a number stays."""
        if self.automatic:
            for layer, activation in self.features(images).items():
                self.scales[layer] = 1 / activation.float().abs().mean().clamp_min(1e-6).item()

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Compute the distance of N×3×H×W images in [0,1], with a gradient for ``sr`` alone."""
        with torch.no_grad():
            targets = self.features(hr)
        total = sr.new_zeros(())
        for layer, activation in self.features(sr).items():
            scale = self.scales[layer]
            distance = self.distance(activation.to(sr.dtype) * scale, targets[layer].to(sr.dtype) * scale)
            total = total + self.layers[layer] * distance
        return total


@dataclass(frozen=True)
class Term:
    """One term of a generator's loss: how its unweighted ``value`` is computed, a scalar of the two things it compares.

    ``needs`` says which two: ``"images"`` are SR and HR; ``"logits"`` and ``"features"`` are what the discriminator
    makes of HR and of SR.
    """

    value: Callable[..., Tensor]
    weight: float
    needs: Literal["images", "logits", "features"] = "images"


@dataclass
class GeneratorLoss:
    """The weighted sum of the terms of a generator's loss, in the order of the loss curve's columns.

    With ``clamp`` the output is clamped to [0,1] before it is compared with HR, which stops the gradient of what lies
    outside; with ``sharpen`` HR is sharpened before that.
    """

    terms: dict[str, Term]
    clamp: bool = False
    sharpen: bool = False

    @classmethod
    def of(
        cls, stage: GeneratorTraining, shared: Shared, compute: Compute, crops: Tensor, own: OwnLosses = ()
    ) -> GeneratorLoss:
        """Build the terms between images that have a weight in a stage's parameters, and the user's own.

        ``crops`` is a batch of HR crops in [0,1], on which features are calibrated and own losses are checked. The
        scale in ``shared`` tells the grid term the frequencies of the pixel shuffle.
        """

        @cache  # style and histogram compare the same features
        def vgg(layers: tuple[str, ...]) -> VGGFeatures:
            return compute.fixed(VGGFeatures(layers, stage.vgg_weights, pooling=stage.content_pooling))

        def features(layers: Mapping[str, float], kind: str, scale: float | Literal["auto"] = "auto") -> FeatureLoss:
            loss = FeatureLoss(vgg(tuple(layers)), layers, kind, scale)
            loss.calibrate(crops)
            return loss

        builders: dict[str, Callable[[], Distance]] = {
            "pixel": lambda: DISTANCES[stage.pixel_loss],
            "content": lambda: features(stage.content_layers, stage.content_loss, stage.content_scale),
            "style": lambda: features(stage.texture_layers, "gram"),
            "histogram": lambda: features(stage.texture_layers, "histogram"),
            "colour_histogram": lambda: histogram_distance,
            "grid": lambda: grid_penalty(shared.scale, stage.grid_sides).to(compute.device),
            "evenness": lambda: evenness_penalty().to(compute.device),
            "mesh": lambda: MeshPenalty().to(compute.device),
        }
        terms = {
            name: Term(build(), weight)
            for name, build in builders.items()
            if (weight := getattr(stage, f"{name}_weight"))
        }
        terms |= {loss.name: Term(build_own_loss(loss, compute, crops), weight) for loss, weight in own}
        return cls(terms, stage.clamp_in_training, shared.sharpen_targets)

    @property
    def card(self) -> dict[str, Any]:
        """What the parameters leave open, for the metadata of the network's file."""
        content = self.terms.get("content")
        return {"content_scales": content.value.scales} if content and isinstance(content.value, FeatureLoss) else {}

    def needs(self, what: str) -> bool:
        """Return whether any term compares this: see :class:`Term`."""
        return any(term.needs == what for term in self.terms.values())

    def __call__(self, sr: Tensor, hr: Tensor, **judged: tuple[Any, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum the weighted terms; return the loss, and for the loss curve each term raw and weighted, detached.

        ``sr`` and ``hr`` are N×3×H×W images in [0,1], and ``judged`` the discriminator's ``logits`` and ``features``,
        of HR and of SR, if there are terms that need them.
        """
        images = sr.clamp(0, 1) if self.clamp else sr, sharpened(hr) if self.sharpen else hr
        compared = {"images": images, **judged}
        raw = {name: term.value(*compared[term.needs]) for name, term in self.terms.items()}
        weighted = {f"{name}_weighted": value * self.terms[name].weight for name, value in raw.items()}
        loss = torch.stack(list(weighted.values())).sum()
        return loss, {name: value.detach() for name, value in {"loss": loss, **raw, **weighted}.items()}


def find_own(reference: str | type) -> OwnClass:
    """Load a class of the user's own, which a parameter names as ``FILE.py:Class`` or a notebook's cell defines."""
    return own_class(*locate(reference)) if isinstance(reference, str) else own_class(reference, reference.__name__)


def own_losses(
    named: Mapping[str, float] | Mapping[type, float], directory: Path, fingerprint: str
) -> tuple[OwnLosses, str]:
    """Load the user's own losses that have a weight, and keep their sources in a stage's folder.

    Returns them with their weights, and a fingerprint that tells a training with them from one without, which has
    ``fingerprint``. Raises ``OwnCodeError`` if a file or class is not there.
    """
    losses = [(find_own(reference), weight) for reference, weight in named.items() if weight]
    for loss, _ in losses:
        loss.keep(directory)
    known = [(loss.name, loss.sha256, weight) for loss, weight in losses]
    return losses, digest([fingerprint, known]) if losses else fingerprint


def build_own_loss(own: OwnClass, compute: Compute, crops: Tensor) -> Distance:
    """Build a loss without arguments, on the device, and check it on HR crops; a network inside it stays fixed."""
    with running(own.value):
        loss = own.value()
        if isinstance(loss, nn.Module):
            loss = loss.to(compute.device).requires_grad_(False).eval()
        check_loss(loss, own.name, crops)
    return loss


def check_loss(loss: Any, name: str, crops: Tensor) -> None:
    """Check on N×3×H×W HR crops in [0,1] that a loss of (sr, hr), an object of the class ``name``, teaches.

    Raises ``OwnCodeError`` if the value is no finite scalar, or has no gradient for ``sr``.
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
