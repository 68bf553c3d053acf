"""The terms of a generator's loss, and their weighted sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from srgan_lib.data.realistic import sharpened
from srgan_lib.models.features import VGGFeatures
from srgan_lib.models.own_code import OwnClass
from srgan_lib.params.training import GeneratorTraining
from srgan_lib.training.compute import Compute
from srgan_lib.training.distances import DISTANCES, Distance, histogram_distance
from srgan_lib.training.feature_loss import FeatureLoss
from srgan_lib.training.own_loss import build_loss
from srgan_lib.training.spectral import evenness_penalty, grid_penalty


@dataclass
class ImageTerms:
    """The terms of a generator's loss that compare its output with HR.

    Attributes
    ----------
    terms, weights : the distances and their weights, by name.
    clamp : whether the output is clamped to [0,1] first, which stops the gradient of what lies outside.
    sharpen : whether HR is sharpened first.
    """

    terms: dict[str, Distance]
    weights: dict[str, float]
    clamp: bool = False
    sharpen: bool = False

    @classmethod
    def of(
        cls,
        stage: GeneratorTraining,
        compute: Compute,
        calibration: Tensor,
        scale: int,
        own: Sequence[tuple[OwnClass, float]] = (),
        sharpen: bool = False,
    ) -> ImageTerms:
        """Build the terms that have a weight in a stage's parameters.

        Parameters
        ----------
        calibration : a batch of HR crops in [0,1].
        scale : enlargement factor, of whose pixel shuffle the grid term knows the frequencies.
        own : losses of the user's own, each with its weight.
        sharpen : the parameter ``sharpen_targets``.
        """
        terms: dict[str, Distance] = {}
        weights: dict[str, float] = {}
        if stage.pixel_weight:
            terms["pixel"], weights["pixel"] = DISTANCES[stage.pixel_loss], stage.pixel_weight
        if stage.content_weight:
            network = VGGFeatures(stage.content_layers, stage.vgg_weights, pooling=stage.content_pooling)
            features = compute.fixed(network)
            content = FeatureLoss(features, stage.content_layers, stage.content_loss, stage.content_scale)
            content.calibrate(calibration)
            terms["content"], weights["content"] = content, stage.content_weight
        if stage.style_weight or stage.histogram_weight:
            network = VGGFeatures(stage.texture_layers, stage.vgg_weights, pooling=stage.content_pooling)
            features = compute.fixed(network)
            for name, kind in (("style", "gram"), ("histogram", "histogram")):
                if weight := getattr(stage, f"{name}_weight"):
                    texture = FeatureLoss(features, stage.texture_layers, kind, "auto")
                    texture.calibrate(calibration)
                    terms[name], weights[name] = texture, weight
        if stage.colour_histogram_weight:
            terms["colour_histogram"], weights["colour_histogram"] = histogram_distance, stage.colour_histogram_weight
        if stage.grid_weight:
            terms["grid"], weights["grid"] = grid_penalty(scale, stage.grid_sides).to(compute.device), stage.grid_weight
        if stage.evenness_weight:
            terms["evenness"], weights["evenness"] = evenness_penalty().to(compute.device), stage.evenness_weight
        for loss, weight in own:
            terms[loss.name], weights[loss.name] = build_loss(loss, compute, calibration), weight
        return cls(terms, weights, stage.clamp_in_training, sharpen)

    @property
    def card(self) -> dict[str, Any]:
        """What the parameters leave open, for the metadata of the network's file."""
        content = self.terms.get("content")
        return {"content_scales": content.scales} if isinstance(content, FeatureLoss) else {}

    def __call__(self, sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Each term, unweighted, for N×3×H×W images in [0,1]."""
        sr = sr.clamp(0, 1) if self.clamp else sr
        hr = sharpened(hr) if self.sharpen else hr
        return {name: term(sr, hr) for name, term in self.terms.items()}


def weighted_sum(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum the weighted terms; return the loss and, for the loss curve, each term raw and weighted, detached."""
    weighted = {f"{name}_weighted": term * weights[name] for name, term in terms.items()}
    loss = torch.stack(list(weighted.values())).sum()
    return loss, {name: value.detach() for name, value in {"loss": loss, **terms, **weighted}.items()}
