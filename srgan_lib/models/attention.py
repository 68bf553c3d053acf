"""Channel attention: which features matter in this image, decided from their means over it."""

from __future__ import annotations

from torch import Tensor, nn

REDUCTION = 16  #: the paper's: channels per channel between the two convolutions


class ChannelAttention(nn.Module):
    """Scale each channel by a weight in (0,1) that follows from the means of all channels over the image.

    Zhang et al., "Image Super-Resolution Using Very Deep Residual Channel Attention Networks" (RCAN), ECCV 2018. Every place
    then depends on the whole image, so that tiles of an image differ slightly from the image enlarged at once.

    Parameters
    ----------
    channels : of the features.
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
