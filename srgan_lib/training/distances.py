"""Distances between images, or between features, as scalars that can be differentiated."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

Distance = Callable[[Tensor, Tensor], Tensor]
CHARBONNIER_EPSILON = 1e-3


def charbonnier(a: Tensor, b: Tensor) -> Tensor:
    """Compute the mean of √((a − b)² + ε²), ε = 1e-3: an L1 that is smooth at 0 (Lai et al., LapSRN, CVPR 2017)."""
    return ((a - b).square() + CHARBONNIER_EPSILON**2).sqrt().mean()


def histogram_distance(a: Tensor, b: Tensor) -> Tensor:
    """Compute the mean squared difference of two N×C×H×W tensors after sorting each channel's values, a scalar.

    Sorted values are a histogram without bins: the distance is to ``a`` with the histograms of ``b``, each channel of each
    image for itself, wherever the values lie; the squared Wasserstein distance of the histograms. Of images it compares
    colours; of VGG-19's features, textures (Risser et al., "Stable and Controllable Neural Texture Synthesis and Style
    Transfer Using Histogram Losses", 2017).
    """
    return F.mse_loss(a.flatten(2).sort(dim=2).values, b.flatten(2).sort(dim=2).values)


#: Distances between tensors of one shape, as a scalar mean over all elements.
DISTANCES: dict[str, Distance] = {"mse": F.mse_loss, "l1": F.l1_loss, "charbonnier": charbonnier}
