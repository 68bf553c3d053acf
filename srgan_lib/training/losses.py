"""The terms of a generator's loss, and their weighted sum.

Distances between images, between features of VGG-19, and own losses stand here; those in the frequency domain in
:mod:`~srgan_lib.training.spectral`, those against a discriminator in :mod:`~srgan_lib.training.adversarial_loss`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.data.realistic import sharpened
from srgan_lib.files import digest
from srgan_lib.models.features import VGGFeatures
from srgan_lib.models.own_code import OwnClass, OwnCodeError, locate, own_class
from srgan_lib.params.shared import Shared
from srgan_lib.params.training import GeneratorTraining
from srgan_lib.training.compute import Compute
from srgan_lib.training.spectral import evenness_penalty, grid_penalty

Distance = Callable[[Tensor, Tensor], Tensor]
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
    return F.mse_loss(_gram(a), _gram(b))


def _gram(features: Tensor) -> Tensor:
    """Compute N×C×C from N×C×H×W: products of channels, averaged over places."""
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


#: Distances between tensors of one shape, as a scalar mean over all elements.
DISTANCES: dict[str, Distance] = {"mse": F.mse_loss, "l1": F.l1_loss, "charbonnier": charbonnier}
#: Distances between the features of one layer, N×C×H×W each, as scalars.
FEATURE_DISTANCES: dict[str, Distance] = {**DISTANCES, "gram": gram_distance, "histogram": histogram_distance}


class FeatureLoss(nn.Module):
    """Weighted distance between the VGG-19 features of two images.

    With ``"mse"`` it is the content loss of Ledig et al. 2017 (equation 5). The mean is taken over channels too, as
    implementations do, where the equation divides by width and height alone: a factor of 1/512 for VGG54, which the
    term's weight has to be read with.

    Parameters
    ----------
    features : the network; it stays fixed.
    layers : weight of each layer.
    kind : ``"mse"`` or ``"l1"`` for content, ``"gram"`` for style, ``"histogram"``.
    scale : multiplies the features (the paper: 1/12.75), or ``"auto"``: each layer's by the reciprocal of their mean
        absolute value on the images given to :meth:`calibrate`.
    """

    def __init__(
        self,
        features: VGGFeatures,
        layers: Mapping[str, float],
        kind: str,
        scale: float | Literal["auto"],
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
    """One term of a generator's loss.

    Attributes
    ----------
    value : computes it, unweighted, as a scalar of the two things that it compares.
    weight : in the sum.
    needs : what it compares: ``"images"``: SR and HR; ``"logits"`` or ``"features"``: what the discriminator makes of
        HR and of SR.
    """

    value: Callable[..., Tensor]
    weight: float
    needs: Literal["images", "logits", "features"] = "images"


@dataclass
class GeneratorLoss:
    """The weighted sum of the terms of a generator's loss.

    Attributes
    ----------
    terms : by name, in the order of the loss curve's columns.
    clamp : whether the output is clamped to [0,1] before it is compared with HR, which stops the gradient of what lies
        outside.
    sharpen : whether HR is sharpened before that.
    """

    terms: dict[str, Term]
    clamp: bool = False
    sharpen: bool = False

    @classmethod
    def of(
        cls,
        stage: GeneratorTraining,
        shared: Shared,
        compute: Compute,
        crops: Tensor,
        own: Sequence[tuple[OwnClass, float]] = (),
    ) -> GeneratorLoss:
        """Build the terms between images that have a weight in a stage's parameters.

        Parameters
        ----------
        shared : says the scale, of whose pixel shuffle the grid term knows the frequencies, and whether to sharpen.
        crops : a batch of HR crops in [0,1] to calibrate on.
        own : losses of the user's own, each with its weight.
        """
        terms: dict[str, Term] = {}

        def vgg(layers: Mapping[str, float]) -> VGGFeatures:
            return compute.fixed(VGGFeatures(layers, stage.vgg_weights, pooling=stage.content_pooling))

        if stage.pixel_weight:
            terms["pixel"] = Term(DISTANCES[stage.pixel_loss], stage.pixel_weight)
        if stage.content_weight:
            layers = stage.content_layers
            content = FeatureLoss(vgg(layers), layers, stage.content_loss, stage.content_scale)
            content.calibrate(crops)
            terms["content"] = Term(content, stage.content_weight)
        if stage.style_weight or stage.histogram_weight:
            features = vgg(stage.texture_layers)
            for name, kind, weight in (
                ("style", "gram", stage.style_weight),
                ("histogram", "histogram", stage.histogram_weight),
            ):
                if weight:
                    texture = FeatureLoss(features, stage.texture_layers, kind, "auto")
                    texture.calibrate(crops)
                    terms[name] = Term(texture, weight)
        if stage.colour_histogram_weight:
            terms["colour_histogram"] = Term(histogram_distance, stage.colour_histogram_weight)
        if stage.grid_weight:
            penalty = grid_penalty(shared.scale, stage.grid_sides).to(compute.device)
            terms["grid"] = Term(penalty, stage.grid_weight)
        if stage.evenness_weight:
            terms["evenness"] = Term(evenness_penalty().to(compute.device), stage.evenness_weight)
        for loss, weight in own:
            terms[loss.name] = Term(build_own_loss(loss, compute, crops), weight)
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
        """Sum the weighted terms.

        Parameters
        ----------
        sr, hr : N×3×H×W images in [0,1].
        **judged : the discriminator's ``logits`` and ``features``, of HR and of SR, if there are terms that need them.

        Returns
        -------
        The loss, and for the loss curve each term raw and weighted, detached.
        """
        images = sr.clamp(0, 1) if self.clamp else sr, sharpened(hr) if self.sharpen else hr
        compared = {"images": images, **judged}
        raw = {name: term.value(*compared[term.needs]) for name, term in self.terms.items()}
        weighted = {f"{name}_weighted": value * self.terms[name].weight for name, value in raw.items()}
        loss = torch.stack(list(weighted.values())).sum()
        return loss, {name: value.detach() for name, value in {"loss": loss, **raw, **weighted}.items()}


def own_losses(
    named: Mapping[str, float] | Mapping[type, float], directory: Path, fingerprint: str
) -> tuple[list[tuple[OwnClass, float]], str]:
    """Load the user's own losses, keep their sources in a stage's folder, and tell trainings with other ones apart.

    Parameters
    ----------
    named : the classes that a stage's ``extra_losses`` names, or that a notebook gives, with their weights.
    fingerprint : of the training without them.

    Returns
    -------
    The losses that have a weight, with it, and the fingerprint of a training with them.

    Raises
    ------
    OwnCodeError
        If a file or class is not there.
    """
    losses = [
        (own_class(*locate(key)) if isinstance(key, str) else own_class(key, key.__name__), weight)
        for key, weight in named.items()
        if weight
    ]
    for loss, _ in losses:
        loss.keep(directory)
    known = [(loss.name, loss.sha256, weight) for loss, weight in losses]
    return losses, digest([fingerprint, known]) if losses else fingerprint


def build_own_loss(own: OwnClass, compute: Compute, crops: Tensor) -> Distance:
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
