"""Discriminators that judge every place of an image: of overlapping patches, and of single pixels."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm


class PatchDiscriminator(nn.Module):
    """One logit per overlapping patch of 34×34 pixels, from convolutions under spectral normalisation.

    As pix2pix's (Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017) with two
    strided convolutions instead of three, and spectral normalisation (Miyato et al., ICLR 2018) instead of batch
    normalisation, which bounds how fast the logits change and so how soon the discriminator is always right.

    Parameters
    ----------
    channels : of the first convolution.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 4, 2, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            spectral_norm(nn.Conv2d(channels, 2 * channels, 4, 2, padding=1)),
            nn.LeakyReLU(0.2, inplace=True),
            spectral_norm(nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)),
            nn.LeakyReLU(0.2, inplace=True),
            spectral_norm(nn.Conv2d(4 * channels, 4 * channels, 3, padding=1)),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(4 * channels, 1, 3, padding=1),
        )

    def forward(self, images: Tensor, activations: bool = False) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Map N×3×H×W in [0,1] to N×1×(H/4)×(W/4) logits, positive for "real"; with ``activations`` and the features."""
        features, kept = images, []
        for layer in self.layers:
            features = layer(features)
            if isinstance(layer, nn.LeakyReLU):
                kept.append(features)
        return (features, kept) if activations else features


class UNetDiscriminator(nn.Module):
    """One logit per pixel, from the 56×56 to 64×64 around it, by a U-Net under spectral normalisation.

    Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data", ICCVW 2021, after
    Schönfeld et al., "A U-Net Based Discriminator for Generative Adversarial Networks", CVPR 2020: three strided
    convolutions down, three bilinear enlargements up, each with what was there on the way down added, and three more
    convolutions.

    Parameters
    ----------
    channels : of the first convolution (the paper: 64).
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        widths = [channels * 2**depth for depth in range(4)]
        self.conv_first = nn.Conv2d(3, channels, 3, padding=1)
        self.down = nn.ModuleList(
            spectral_norm(nn.Conv2d(a, b, 4, 2, padding=1, bias=False)) for a, b in pairwise(widths)
        )
        self.up = nn.ModuleList(
            spectral_norm(nn.Conv2d(b, a, 3, padding=1, bias=False)) for a, b in reversed(list(pairwise(widths)))
        )
        self.tail = nn.Sequential(
            spectral_norm(nn.Conv2d(channels, channels, 3, padding=1, bias=False)),
            nn.LeakyReLU(0.2, inplace=True),
            spectral_norm(nn.Conv2d(channels, channels, 3, padding=1, bias=False)),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(channels, 1, 3, padding=1),
        )

    def forward(self, images: Tensor, activations: bool = False) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Map N×3×H×W in [0,1], sizes multiples of 8, to N×1×H×W logits, positive for "real"; with ``activations`` and the features."""
        levels = [F.leaky_relu(self.conv_first(images), 0.2)]
        for conv in self.down:
            levels.append(F.leaky_relu(conv(levels[-1]), 0.2))
        kept = list(levels)
        x = levels.pop()
        for conv in self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.leaky_relu(conv(x), 0.2) + levels.pop()
            kept.append(x)
        return (self.tail(x), kept) if activations else self.tail(x)


class WaveletDiscriminator(PatchDiscriminator):
    """A patch discriminator (35×35 pixels) that sees only detail: the three high bands of a Haar wavelet transform, undecimated.

    After Korkmaz et al., "Training Generative Image Super-Resolution Models by Wavelet-Domain Losses Enables Better
    Control of Artifacts", CVPR 2024 (there: symlets of length 7). What it cannot see, it cannot change: colours and
    brightness stay the pixel term's business.

    Parameters
    ----------
    channels : of the first convolution.
    """

    bands: Tensor

    def __init__(self, channels: int = 64) -> None:
        super().__init__(channels)
        self.layers[0] = nn.Conv2d(9, channels, 4, 2, padding=1)
        low, high = torch.tensor([0.5, 0.5]), torch.tensor([0.5, -0.5])
        bands = torch.stack([torch.outer(a, b) for a, b in ((low, high), (high, low), (high, high))])
        self.register_buffer("bands", bands[:, None].repeat(3, 1, 1, 1), persistent=False)

    def forward(self, images: Tensor, activations: bool = False) -> Tensor | tuple[Tensor, list[Tensor]]:
        """Map N×3×H×W in [0,1] to N×1×(H/4)×(W/4) logits, positive for "real"; with ``activations`` and the features."""
        detail = F.conv2d(F.pad(images, (0, 1, 0, 1), mode="replicate"), self.bands.to(images.dtype), groups=3)
        return super().forward(detail, activations)
