"""Compact, a plain network for large jobs: 3×3 convolutions at LR size and one pixel shuffle."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srgan_lib.models.base import SuperResolver
from srgan_lib.params.training import Initialisation


class Compact(SuperResolver):
    """The network SRVGGNetCompact of Real-ESRGAN (Wang et al., ICCV Workshops 2021): it learns the difference from nearest.

    Nothing is computed at HR size, so that it takes less than a third of SRResNet's time. Its parameters have the names that
    the field's files have (``body.0.weight``), so that programs built on spandrel load it as it is.

    Parameters
    ----------
    scale : enlargement factor.
    channels, blocks : width, and number of convolutions between the first and the last (the source: 64 and 16).
    """

    own_tile = 400  # it sees little, so that larger tiles save nothing; rows of results take memory, too

    def __init__(self, scale: int = 4, channels: int = 64, blocks: int = 16) -> None:
        super().__init__(scale, "none", "lr", "zero_one")
        layers: list[nn.Module] = []
        for width in [3, *[channels] * blocks]:
            layers += [nn.Conv2d(width, channels, 3, padding=1), nn.PReLU(channels)]
        self.body = nn.Sequential(*layers, nn.Conv2d(channels, 3 * scale**2, 3, padding=1))
        self.initialise()

    def initialise(self, kind: Initialisation = "default") -> None:
        """Set the first weights, of either kind: the identity and a quarter of He-normal noise, zero in the last layer.

        A plain network of 17 layers learns slowly from noise alone. From the identity (Zagoruyko & Komodakis, "DiracNets",
        2017) each layer learns a difference, as in a residual network, and none of them costs time afterwards. With
        zeros in the last layer, the network starts at nearest quality.
        """
        super().initialise("he_normal")
        _, *hidden, last = (layer for layer in self.body if isinstance(layer, nn.Conv2d))
        for layer in hidden:
            identity = nn.init.dirac_(torch.empty_like(layer.weight))
            layer.weight.data.mul_(0.25).add_(identity)
        nn.init.zeros_(last.weight)

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply the convolutions, shuffle, and add the nearest-neighbour enlargement."""
        nearest = nn.functional.interpolate(images, scale_factor=self.scale, mode="nearest")
        return nn.functional.pixel_shuffle(self.body(images), self.scale) + nearest
