"""What the content loss sees: VGG-19's feature maps of a generated image beside those of the original."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from srgan_lib.models.features import VGGFeatures
from srgan_lib.params.training import GeneratorTraining
from srgan_lib.training.validation import Validation


@dataclass(frozen=True)
class FeatureMaps:
    """Maps of one layer, count×h×w in [0,1]: each channel normalised by its least and greatest value in both images."""

    layer: str
    channels: tuple[int, ...]
    generated: np.ndarray
    real: np.ndarray


@torch.no_grad()
def feature_maps(
    model: nn.Module, validation: Validation, stage: GeneratorTraining, count: int = 6
) -> list[FeatureMaps]:
    """Compute the feature maps of the first validation image for each layer of the content loss.

    Parameters
    ----------
    model : the generator.
    validation : gives the image.
    stage : names the layers and VGG-19's weights.
    count : channels shown: those in which the original has the largest mean activation.
    """
    features = VGGFeatures(stage.content_layers, stage.vgg_weights, pooling=stage.content_pooling)
    pair = np.stack([validation.enlarge(model, validation.lr[0]), validation.hr[0]])
    activations = features(torch.from_numpy(pair).permute(0, 3, 1, 2) / 255)
    return [_normalised(layer, activations[layer], count) for layer in stage.content_layers]


def _normalised(layer: str, activation: torch.Tensor, count: int) -> FeatureMaps:
    channels = activation[1].mean((1, 2)).topk(min(count, activation.shape[1])).indices
    maps = activation[:, channels]
    low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
    generated, real = ((maps - low) / (high - low).clamp_min(1e-12)).numpy()
    return FeatureMaps(layer, tuple(channels.tolist()), generated, real)
