"""RRDBNet, the generator of ESRGAN: residual-in-residual dense blocks without batch normalisation."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from srgan_lib.models.base import SuperResolver, zero_bias
from srgan_lib.models.upsample import in_strips, upsampling_steps
from srgan_lib.params.training import GlobalSkip, Input, ValueRange

RESIDUAL_SCALE = 0.2  # the paper's beta
REACH = 2  # rows of the features each way that the layers after them see, at every scale
SMALL_START = 0.1  # the paper scales He's initial weights of the dense blocks by this


class DenseBlock(nn.Module):
    """Five 3×3 convolutions, each seeing the outputs of all before it; 0.2 of the last is added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        widths = [*[growth] * 4, channels]
        convolutions = [nn.Conv2d(channels + i * growth, width, 3, padding=1) for i, width in enumerate(widths)]
        for index, convolution in enumerate(convolutions, start=1):
            self.add_module(f"conv{index}", convolution)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            zero_bias(convolution)
            with torch.no_grad():
                convolution.weight.mul_(SMALL_START)

    def forward(self, x: Tensor) -> Tensor:
        """Map N×channels×h×w to the same shape."""
        *convolutions, last = self.children()
        features = [x]
        for convolution in convolutions:
            features.append(nn.functional.leaky_relu(convolution(torch.cat(features, 1)), 0.2, inplace=True))
        return x + RESIDUAL_SCALE * last(torch.cat(features, 1))


class ResidualInResidualBlock(nn.Sequential):
    """Three dense blocks; 0.2 of what they make is added to the input."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__(OrderedDict((f"rdb{number}", DenseBlock(channels, growth)) for number in (1, 2, 3)))

    def forward(self, input: Tensor) -> Tensor:
        """Map N×channels×h×w to the same shape."""
        return input + RESIDUAL_SCALE * super().forward(input)


class RRDBNet(SuperResolver):
    """The generator of Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", ECCVW 2018.

    Its parameters have the names that the field's weights have (``body.0.rdb1.conv1``, ``conv_up1``, ``conv_last``).
    Dense blocks grow by half of the width (the paper: 32 of 64).
    """

    own_tile = 400  # dense blocks hold five times their channels

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 23,
        global_skip: GlobalSkip = "none",
        input: Input = "lr",
        value_range: ValueRange = "zero_one",
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        self.conv_first = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.Sequential(*(ResidualInResidualBlock(channels, max(1, channels // 2)) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(channels, channels, 3, padding=1)
        self.stages = upsampling_steps(self.factor)
        for index, step in enumerate(self.stages, start=1):
            self.add_module(f"upsample{index}", nn.Upsample(scale_factor=step, mode="nearest"))
            self.add_module(f"conv_up{index}", nn.Conv2d(channels, channels, 3, padding=1))
        self.conv_hr = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_last = nn.Conv2d(channels, 3, 3, padding=1)
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply features, blocks with a long skip, nearest-neighbour enlargement, convolutions and reconstruction."""
        features = self.conv_first(images)
        features = features + self.conv_body(self.body(features))
        return in_strips(self._enlarge, features, REACH)

    def _enlarge(self, features: Tensor) -> Tensor:
        for index in range(1, len(self.stages) + 1):
            enlarged = self.get_submodule(f"upsample{index}")(features)
            features = nn.functional.leaky_relu(self.get_submodule(f"conv_up{index}")(enlarged), 0.2, inplace=True)
        return self.conv_last(nn.functional.leaky_relu(self.conv_hr(features), 0.2, inplace=True))
