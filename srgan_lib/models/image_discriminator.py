"""What the discriminators have in common: one logit for a whole image, and their convolution blocks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srgan_lib.models.base import RANGES
from srgan_lib.params.training import Head, ValueRange


class ImageDiscriminator(nn.Module):
    """Base: one logit for a whole image, from the features that a subclass makes of it.

    Parameters
    ----------
    crop : height and width of the images, which the dense head fixes.
    head : ``"dense"`` flattens the features; ``"pool"`` averages them over the image and takes any size.
    value_range : what the features are made of: the range of the recipe's HR images, converted to from [0,1] inside.
    """

    features: nn.Sequential
    classify: nn.Module
    zero: Tensor
    unit: Tensor

    def __init__(self, crop: int, head: Head, value_range: ValueRange = "zero_one") -> None:
        super().__init__()
        self.crop = crop
        self.head = head
        for name, value in zip(("zero", "unit"), RANGES[value_range][1], strict=True):
            self.register_buffer(name, torch.tensor(value).reshape(-1, 1, 1), persistent=False)

    def forward(self, images: Tensor, activations: bool = False) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Map N×3×crop×crop in [0,1] to N×1 logits, positive for "real"; the losses contain the sigmoid.

        With ``activations`` the activated features of every convolution come with them.

        Raises
        ------
        ValueError
            With the dense head, for images of another size than ``crop``.
        """
        height, width = images.shape[-2:]
        if self.head == "dense" and (height, width) != (self.crop, self.crop):
            raise ValueError(
                f"this discriminator's dense head takes {self.crop}×{self.crop} images and got {width}×{height}; "
                f"build it with crop={height} or with head='pool', which takes any size"
            )
        features, kept = (images - self.zero) / self.unit, []
        for layer in self.features:
            features = layer(features)
            if isinstance(layer, nn.LeakyReLU):
                kept.append(features)
        logits = self.classify(features.mean((2, 3)) if self.head == "pool" else features.flatten(1))
        return (logits, kept) if activations else logits

    def num_features(self, channels: int, side: int) -> int:
        """Count the inputs of the head for features of the given channels and side in pixels."""
        return channels * (side**2 if self.head == "dense" else 1)


def conv_block(before: int, after: int, stride: int = 1, kernel: int = 3) -> list[nn.Module]:
    """Build a convolution with BN and LeakyReLU 0.2, as a list of layers."""
    convolution = nn.Conv2d(before, after, kernel, stride, padding=0 if kernel == 1 else 1)
    return [convolution, nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]
