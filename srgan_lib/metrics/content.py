"""Content distance: how far two images lie apart in VGG-19's features, as a content loss measures it in training."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srgan_lib.data.levels import in_levels
from srgan_lib.errors import MetricUnavailable
from srgan_lib.models.backbones import BackboneError, find_backbone

if TYPE_CHECKING:
    from torch import Tensor

    from srgan_lib.models.features import VGGFeatures

#: The layer of each content distance: φ₂,₂ and φ₅,₄ of Ledig et al. 2017.
CONTENT_LAYERS = {"content_vgg22": "relu2_2", "content_vgg54": "relu5_4"}
SMALLEST_SIDE = 16  #: what four poolings leave a pixel of


def content_distance(sr: np.ndarray, hr: np.ndarray, layer: str, *, data_range: float | None = None) -> float:
    """Compute the mean squared difference of VGG-19's features (Ledig et al. 2017, equation 5), unscaled.

    The mean is over positions and channels. Values can be compared only where the weights are the same; the manifest has
    their hash.

    Parameters
    ----------
    sr, hr : H×W×3, uint8 or float, of one size. No border is removed.
    layer : see :class:`~srgan_lib.models.features.VGGFeatures`.
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255].

    Raises
    ------
    ValueError, ImageError
        For other images, and floats whose range is not said or wrong; see :func:`~srgan_lib.data.levels.in_levels`.
    MetricUnavailable
        Where VGG-19's ImageNet weights are not on this disk, or the images are too small.
    """
    sr, hr = in_levels("content_distance", data_range, sr=sr, hr=hr)
    path = find_backbone("vgg19", layer)
    if path is None:
        raise MetricUnavailable(
            f"the content distance needs the ImageNet weights of VGG-19 up to {layer}, which are not on this disk; "
            "a training with content_weights=imagenet downloads them (548 MB)"
        )
    if min(hr.shape[:2]) < SMALLEST_SIDE:
        raise MetricUnavailable(
            f"the content distance needs {SMALLEST_SIDE} pixels a side and got {hr.shape[1]}×{hr.shape[0]}"
        )
    try:
        network = _load(layer, path)
    except BackboneError as error:
        raise MetricUnavailable(f"the content distance: {error}") from None
    reference = _reference_features(network, layer, hr.shape, hr.dtype.str, hr.tobytes())
    return (_features(network, layer, sr) - reference).square().mean().item()


@lru_cache
def _load(layer: str, path: Path) -> VGGFeatures:
    from srgan_lib.models.features import VGGFeatures

    return VGGFeatures([layer], "imagenet", path)


def _features(network: VGGFeatures, layer: str, image: np.ndarray) -> Tensor:
    import torch

    with torch.inference_mode():
        levels = torch.from_numpy(image.astype(np.float32, order="C"))
        return network(levels.permute(2, 0, 1)[None] / 255)[layer]


@lru_cache(maxsize=len(CONTENT_LAYERS))
def _reference_features(network: VGGFeatures, layer: str, shape: tuple[int, ...], dtype: str, pixels: bytes) -> Tensor:
    """Compute the original's features once while method after method is compared with it."""
    return _features(network, layer, np.frombuffer(pixels, dtype).reshape(shape))
