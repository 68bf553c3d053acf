"""Distances between VGG-19 features: content, place by place, and texture, whatever the place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from srgan_lib.models.features import VGGFeatures
from srgan_lib.training.distances import DISTANCES, Distance, histogram_distance


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


#: Distances between the features of one layer, N×C×H×W each, as scalars.
FEATURE_DISTANCES: dict[str, Distance] = {**DISTANCES, "gram": gram_distance, "histogram": histogram_distance}


class FeatureLoss(nn.Module):
    """Weighted distance between the VGG-19 features of two images.

    With ``"mse"`` it is the content loss of Ledig et al. 2017 (equation 5). The mean is taken over channels too, as
    implementations do, where the equation divides by width and height alone: a factor of 1/512 for VGG54, which the term's
    weight has to be read with.

    Parameters
    ----------
    features : the network; it stays fixed.
    layers : weight of each layer.
    kind : ``"mse"`` or ``"l1"`` for content, ``"gram"`` for style, ``"histogram"``.
    scale : multiplies the features (the paper: 1/12.75), or ``"auto"``: each layer's by 1/mean |activation|
        on the images given to :meth:`calibrate`.
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
