"""VGG-19's activations, in which the content loss compares images."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from srgan_lib.models.backbones import BackboneError, find_backbone, read_backbone
from srgan_lib.models.base import IMAGENET_MEAN, IMAGENET_STD, zero_bias
from srgan_lib.models.vgg19 import VGG19_BLOCKS, layer_index

RANDOM_SEED = 0


class VGGFeatures(nn.Module):
    """The first layers of VGG-19, fixed, as far as the deepest layer wanted.

    Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015.

    Parameters
    ----------
    layers : names such as ``relu2_2`` (VGG22 in the SRGAN paper), ``relu5_4`` (its VGG54), ``conv5_4`` (before
        activation, as in ESRGAN).
    weights : ``"imagenet"``, or ``"random"``: fixed-seed Kaiming weights (Liu et al., "Generic Perceptual Loss for
        Modeling Structured Output Dependencies", CVPR 2021).
    path : the file with the ImageNet weights; default: where :func:`find_backbone` finds it. ``BackboneError`` where
        there is none, or it does not reach the deepest layer.
    pooling : between blocks; ``"average"`` instead of VGG's own maximum rewards a regular weave less.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layers: Iterable[str],
        weights: Literal["imagenet", "random"] = "imagenet",
        path: Path | None = None,
        pooling: Literal["max", "average"] = "max",
    ) -> None:
        super().__init__()
        self.wanted = {layer_index(layer): layer for layer in layers}
        with torch.device("meta"):  # no initial weights are drawn, for they would be overwritten
            empty = _vgg19_layers(max(self.wanted) + 1, self.wanted, pooling)
        self.layers = empty.to_empty(device="cpu")
        for name, value in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(value).reshape(3, 1, 1), persistent=False)
        if weights == "imagenet":
            self._load(path)
        else:
            self._draw()
        self.requires_grad_(False).eval()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Compute the activations of N×3×H×W images in [0,1] by layer; ImageNet's normalisation is inside."""
        x = ((images - self.mean) / self.std).to(next(self.layers.parameters()).dtype)
        activations = {}
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.wanted:
                activations[self.wanted[index]] = x
        return activations

    def _load(self, path: Path | None) -> None:
        deepest = self.wanted[max(self.wanted)]
        path = path or find_backbone("vgg19", deepest)
        if path is None:
            raise BackboneError(
                f"the ImageNet weights of VGG-19 up to {deepest} are not on this disk; name a folder "
                "that has them in SRGAN_WEIGHTS, or set content_weights to random"
            )
        self.layers.load_state_dict(read_backbone(path, self.layers.state_dict()))

    def _draw(self) -> None:
        generator = torch.Generator().manual_seed(RANDOM_SEED)
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
                zero_bias(layer)


def _vgg19_layers(count: int, wanted: Iterable[int], pooling: Literal["max", "average"]) -> nn.Sequential:
    """Build the first ``count`` layers of torchvision's ``vgg19().features``; activations overwrite no wanted layer."""
    pool = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}[pooling]
    layers: list[nn.Module] = []
    channels = 3
    for block, convolutions in enumerate(VGG19_BLOCKS):
        width = 64 * 2 ** min(block, 3)
        for _ in range(convolutions):
            layers.append(nn.Conv2d(channels, width, 3, padding=1))
            layers.append(nn.ReLU(inplace=len(layers) - 1 not in wanted))
            channels = width
        layers.append(pool(2))
    return nn.Sequential(*layers[:count])
