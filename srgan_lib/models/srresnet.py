"""SRGAN's generators: SRResNet and a smaller one, of residual blocks, with the parts of these blocks."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from srgan_lib.models.base import LARGE_TILE, SuperResolver
from srgan_lib.models.upsample import Upsampler
from srgan_lib.params.training import Attention, GlobalSkip, Input, Norm, ValueRange


class PReLU(nn.PReLU):
    """Parametric ReLU with one slope for all channels (He et al. 2015), the same function as PyTorch's.

    On a CPU its backward pass takes a third of the time (PyTorch's spends about a tenth of an SRResNet step there). In
    inference mode the result takes the place of the input, a convolution's output that nothing else reads.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Map any shape to the same shape."""
        if torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export():
            return super().forward(input)
        if torch.is_inference_mode_enabled():
            return nn.functional.leaky_relu_(input, self.weight.item())
        if input.device.type == "cpu":
            return _OnCpu.apply(input, self.weight)
        return super().forward(input)


class _OnCpu(torch.autograd.Function):
    """By way of leaky ReLU, whose kernels are vectorised, but whose slope is a number, for which a GPU had to wait."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return nn.functional.leaky_relu(x, slope.item())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]  # torch's decorator drops the names of parameters
        x, slope = ctx.saved_tensors
        for_x = torch.ops.aten.leaky_relu_backward(gradient, x, slope.item(), False)
        for_slope = x.clamp(max=0).mul_(gradient).sum().reshape(1).to(slope.dtype)
        return for_x, for_slope


REDUCTION = 16  #: the paper's: channels per channel between the two convolutions


class ChannelAttention(nn.Module):
    """Scale each channel by a weight in (0,1) that follows from the means of all channels over the image.

    Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention Networks" (RCAN), ECCV 2018. Every
    place then depends on the whole image, so that tiles of an image differ slightly from the image enlarged at once.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(1, channels // REDUCTION)
        self.weights = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, narrow, 1),
            nn.ReLU(),
            nn.Conv2d(narrow, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map N×channels×h×w to the same shape."""
        return x * self.weights(x)


class ResidualBlock(nn.Module):
    """Convolution, activation, convolution, added to the input; normalised or not, with channel attention or not."""

    def __init__(
        self, channels: int, norm: Norm, activation: nn.Module, last_norm: bool = True, attention: Attention = "none"
    ) -> None:
        super().__init__()
        layers = [nn.Conv2d(channels, channels, 3, padding=1), activation, nn.Conv2d(channels, channels, 3, padding=1)]
        if norm == "batch":
            layers.insert(1, nn.BatchNorm2d(channels))
            if last_norm:
                layers.append(nn.BatchNorm2d(channels))
        if attention == "channel":
            layers.append(ChannelAttention(channels))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map N×channels×h×w to the same shape."""
        return x + self.layers(x)


class SRResNet(SuperResolver):
    """The generator of SRGAN (Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a GAN", CVPR 2017).

    9×9 convolution, residual blocks (3×3 convolutions, BN, PReLU), a long skip, pixel-shuffle stages, 9×9 convolution.

    Parameters
    ----------
    norm : ``"none"`` leaves out batch normalisation.
    attention : ``"channel"`` ends each block with channel attention (RCAN), which the paper's network has not.
    even_phases : keep pixel shuffles from drawing regular patterns, see :func:`~srgan_lib.models.upsample.even_phases`.
    """

    own_tile = LARGE_TILE
    kernel: ClassVar[int] = 9  #: size of the first and of the last convolution
    activation: ClassVar[type[nn.Module]] = PReLU
    last_norm: ClassVar[bool] = True  #: a block's second convolution is normalised, too

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 16,
        global_skip: GlobalSkip = "none",
        norm: Norm = "batch",
        input: Input = "lr",
        value_range: ValueRange = "zero_one",
        attention: Attention = "none",
        even_phases: bool = False,
    ) -> None:
        super().__init__(scale, global_skip, input, value_range)
        kernel, activation = self.kernel, self.activation
        self.conv_first = nn.Sequential(nn.Conv2d(3, channels, kernel, padding=kernel // 2), activation())
        self.blocks = nn.Sequential(
            *(ResidualBlock(channels, norm, activation(), self.last_norm, attention) for _ in range(blocks))
        )
        self.conv_body = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1))
        if norm == "batch":
            self.conv_body.append(nn.BatchNorm2d(channels))
        self.upsampler = Upsampler(channels, self.factor, kernel, activation, even_phases)
        self.initialise()

    def forward_body(self, images: Tensor) -> Tensor:
        """Apply features, residual blocks with a long skip, enlargement and reconstruction."""
        features = self.conv_first(images)
        features = features + self.conv_body(self.blocks(features))
        return self.upsampler(features)


class SmallTanh(SRResNet):
    """A small SRGAN generator with three residual blocks, made for images in [-1,1] with tanh at the end.

    From "Upscaling Of Image Quality By Increasing Resolution Using Super Resolution Generative Adversarial Networks":
    convolution; residual blocks of convolution, BN, convolution; convolution and BN with a skip from the first; pixel
    shuffles with ReLU; convolution. Kernels of 3×3 and the ReLU after the first convolution and inside the blocks are
    inferred. The tanh is part of ``value_range="tanh"``.
    """

    kernel, activation, last_norm = 3, nn.ReLU, False

    def __init__(
        self,
        scale: int = 4,
        channels: int = 64,
        blocks: int = 3,
        global_skip: GlobalSkip = "none",
        input: Input = "lr",
        value_range: ValueRange = "tanh",
    ) -> None:
        super().__init__(scale, channels, blocks, global_skip, "batch", input, value_range)
