"""The terms of the training losses: between pixels, between VGG-19 features, and between the two networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.models.features import VGGFeatures
from srgan_lib.params import AdversarialKind, FeatureDistance, GeneratorTraining
from srgan_lib.training.compute import Compute

Distance = Callable[[Tensor, Tensor], Tensor]
CHARBONNIER_EPSILON = 1e-3


def charbonnier(a: Tensor, b: Tensor) -> Tensor:
    """Mean of √((a − b)² + ε²), ε = 1e-3: an L1 that is smooth at 0 (Lai et al., LapSRN, CVPR 2017)."""
    return ((a - b).square() + CHARBONNIER_EPSILON**2).sqrt().mean()


#: Distances between tensors of one shape, as a scalar mean over all elements.
DISTANCES: dict[str, Distance] = {"mse": F.mse_loss, "l1": F.l1_loss, "charbonnier": charbonnier}


class ContentLoss(nn.Module):
    """Weighted distance between the VGG-19 features of two images (Ledig et al. 2017, equation 5).

    Parameters
    ----------
    features : the network; it stays fixed.
    layers : weight of each layer.
    kind : ``"mse"`` or ``"l1"``.
    scale : multiplies the features (the paper: 1/12.75), or ``"auto"``: each layer's by 1/mean |activation|
        on the images given to :meth:`calibrate`.
    """

    def __init__(
        self,
        features: VGGFeatures,
        layers: Mapping[str, float],
        kind: FeatureDistance,
        scale: float | Literal["auto"],
    ) -> None:
        super().__init__()
        self.features = features
        self.layers = dict(layers)
        self.distance = DISTANCES[kind]
        self.scales = {layer: 1.0 if scale == "auto" else scale for layer in layers}
        self.automatic = scale == "auto"

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Set the automatic scales from N×3×H×W images in [0,1]; a scale given as a number stays."""
        if self.automatic:
            for layer, activation in self.features(images).items():
                self.scales[layer] = 1 / activation.float().abs().mean().clamp_min(1e-6).item()

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Distance of N×3×H×W images in [0,1], with a gradient for ``sr`` alone."""
        with torch.no_grad():
            targets = self.features(hr)
        total = sr.new_zeros(())
        for layer, activation in self.features(sr).items():
            scale = self.scales[layer]
            distance = self.distance(activation.to(sr.dtype) * scale, targets[layer].to(sr.dtype) * scale)
            total = total + self.layers[layer] * distance
        return total


@dataclass
class ImageTerms:
    """The terms of a generator's loss that compare its output with HR.

    Attributes
    ----------
    terms, weights : the distances and their weights, by name.
    clamp : whether the output is clamped to [0,1] first, which stops the gradient of what lies outside.
    """

    terms: dict[str, Distance]
    weights: dict[str, float]
    clamp: bool = False

    @classmethod
    def of(cls, stage: GeneratorTraining, compute: Compute, calibration: Tensor) -> ImageTerms:
        """The terms that have a weight in a stage's parameters; ``calibration`` is a batch of HR crops in [0,1]."""
        weights = {"pixel": stage.pixel_weight, "content": stage.content_weight}
        terms: dict[str, Distance] = {"pixel": DISTANCES[stage.pixel_loss]}
        if stage.content_weight:
            features = compute.fixed(VGGFeatures(stage.content_layers, stage.content_weights))
            terms["content"] = ContentLoss(features, stage.content_layers, stage.content_loss, stage.content_scale)
            terms["content"].calibrate(calibration)
        return cls({name: terms[name] for name, weight in weights.items() if weight}, weights, stage.clamp_in_training)

    @property
    def card(self) -> dict[str, Any]:
        """What the parameters leave open, for the metadata of the network's file."""
        return {"content_scales": self.terms["content"].scales} if "content" in self.terms else {}

    def __call__(self, sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Each term, unweighted, for N×3×H×W images in [0,1]."""
        sr = sr.clamp(0, 1) if self.clamp else sr
        return {name: term(sr, hr) for name, term in self.terms.items()}


def weighted_sum(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss that the terms add up to, and what the loss curve shows of it: each term, raw and weighted, detached."""
    weighted = {f"{name}_weighted": term * weights[name] for name, term in terms.items()}
    loss = torch.stack(list(weighted.values())).sum()
    return loss, {name: value.detach() for name, value in {"loss": loss, **terms, **weighted}.items()}


class AdversarialLoss:
    """What discriminator and generator make of the discriminator's outputs, N×1 logits each.

    Parameters
    ----------
    kind : ``"bce"``: binary cross-entropy, non-saturating for the generator (Goodfellow et al. 2014);
        ``"lsgan"``: least squares with targets 1 and 0 (Mao et al. 2017); ``"lsgan_sigmoid"``: the same of the sigmoid;
        ``"relativistic"``: relativistic average with cross-entropy (Jolicoeur-Martineau 2018, as in ESRGAN).
    """

    def __init__(self, kind: AdversarialKind) -> None:
        self.relativistic = kind == "relativistic"
        self.least_squares = kind.startswith("lsgan")
        self.squashed = kind == "lsgan_sigmoid"

    def discriminator(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The discriminator's loss on real and on fake images; it minimises their sum."""
        real, fake = self._logits(real, fake)
        return self._criterion(real, 1.0), self._criterion(fake, 0.0)

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        """The generator's loss; ``real`` is used only where :attr:`relativistic`."""
        if not self.relativistic:
            return self._criterion(fake, 1.0)
        real, fake = self._logits(real.detach(), fake)
        return self._criterion(real, 0.0) + self._criterion(fake, 1.0)

    def probabilities(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """How real the discriminator takes each real and each fake image for; above 0.5 means "real"."""
        real, fake = self._logits(real, fake)
        return (real, fake) if self.least_squares and not self.squashed else (real.sigmoid(), fake.sigmoid())

    def _logits(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return (real - fake.mean(), fake - real.mean()) if self.relativistic else (real, fake)

    def _criterion(self, outputs: Tensor, target: float) -> Tensor:
        penalty = F.mse_loss if self.least_squares else F.binary_cross_entropy_with_logits
        return penalty(outputs.sigmoid() if self.squashed else outputs, torch.full_like(outputs, target))
