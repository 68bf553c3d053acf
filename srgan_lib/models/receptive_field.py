"""How far a network sees: what tiles must overlap by for an exact result."""

from __future__ import annotations

import math

from torch import nn

from srgan_lib.models.attention import ChannelAttention
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.generators import ARCHITECTURES
from srgan_lib.models.upsample import BicubicUpsample, ConvAfterShuffle

LARGEST_RADIUS = 64  #: LR pixels; deeper networks are tiled with a blended overlap instead


def receptive_radius(model: SuperResolver) -> int | None:
    """Find how many LR pixels each way an output pixel depends on; none where that is over 64, unknown or the whole image.

    Sums the reach of all convolutions in LR pixels, in the order in which the data passes them. A network of the user's
    own may do more than convolve, so that only its attribute ``receptive_radius`` counts.
    """
    if type(model) not in ARCHITECTURES.values():
        declared = getattr(model, "receptive_radius", None)
        return declared if declared is not None and declared <= LARGEST_RADIUS else None
    reach, resolution = 0.0, model.scale // model.factor
    for module in model.modules():
        if isinstance(module, ChannelAttention):
            return None
        if isinstance(module, nn.PixelShuffle):
            resolution *= module.upscale_factor
        elif isinstance(module, nn.Upsample):
            assert isinstance(module.scale_factor, (int, float))  # nn.Upsample also takes one factor per axis
            resolution *= int(module.scale_factor)
        elif isinstance(module, ConvAfterShuffle):
            resolution *= module.factor
        if isinstance(module, nn.Conv2d):
            reach += module.kernel_size[0] // 2 / resolution
    if model.input == "bicubic":
        reach += BicubicUpsample.RADIUS
    if model.consistency is not None:
        reach += model.consistency.reach
    radius = max(math.ceil(reach), BicubicUpsample.RADIUS)
    return radius if radius <= LARGEST_RADIUS else None
