"""The residual block of SRGAN's generators."""

from __future__ import annotations

from torch import Tensor, nn

from srgan_lib.models.attention import ChannelAttention
from srgan_lib.params.training import Attention, Norm


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
