"""Compact, a plain network for large jobs: 3×3 convolutions at LR size and one pixel shuffle."""

from __future__ import annotations

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
        """Set the first weights: He-normal ones of either kind, and zero in the last layer, to start at nearest quality.

        PyTorch's own keep less than half of the deviation in each convolution; after 17 without a skip nothing is left.
        """
        super().initialise("he_normal")
        last = self.body[-1]
        assert isinstance(last, nn.Conv2d)
        nn.init.zeros_(last.weight)

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply the convolutions, shuffle, and add the nearest-neighbour enlargement."""
        nearest = nn.functional.interpolate(images, scale_factor=self.scale, mode="nearest")
        return nn.functional.pixel_shuffle(self.body(images), self.scale) + nearest
