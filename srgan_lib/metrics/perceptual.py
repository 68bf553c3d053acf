"""Distances in the features of networks that were trained to recognise objects: LPIPS and the content distance.

LPIPS is that of Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018,
version 0.1. The content distance is what a content loss measures: how far images lie apart in the features of VGG-19.

The calibrated layer weights of LPIPS come with the ``lpips`` package; the networks' ImageNet weights are looked for on
this disk and never replaced by something else.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srgan_lib.data.levels import in_levels
from srgan_lib.errors import MetricUnavailable
from srgan_lib.models.backbones import LPIPS_BACKBONES, BackboneError, find_backbone, read_backbone

if TYPE_CHECKING:
    import lpips
    from torch import Tensor

#: The layer of each content distance: φ₂,₂ and φ₅,₄ of Ledig et al. 2017.
CONTENT_LAYERS = {"content_vgg22": "relu2_2", "content_vgg54": "relu5_4"}
SMALLEST_LPIPS = 32  #: pixels a side
SMALLEST_CONTENT = 16  #: what four poolings leave a pixel of


def lpips_distance(sr: np.ndarray, hr: np.ndarray, net: str = "alex", *, data_range: float | None = None) -> float:
    """Compute the LPIPS distance, version 0.1, of two whole images (see :mod:`srgan_lib.metrics`); 0 is equal.

    ``net`` is ``"alex"`` (the judge) or ``"squeeze"`` (a second one). Images have at least 32 pixels a side; no border
    is removed.
    """
    sr, hr = in_levels("lpips_distance", data_range, sr=sr, hr=hr)
    _check_size(f"LPIPS({net})", hr, SMALLEST_LPIPS)
    return _lpips(load_lpips(net))(sr, hr)


def content_distance(sr: np.ndarray, hr: np.ndarray, layer: str, *, data_range: float | None = None) -> float:
    """Compute the mean squared difference of VGG-19's features (Ledig et al. 2017, equation 5), unscaled.

    The mean is over positions and channels of the layer, ``relu2_2`` for instance, for whole images (see
    :mod:`srgan_lib.metrics`). Values can be compared only where the weights are the same; the manifest has their hash.
    """
    sr, hr = in_levels("content_distance", data_range, sr=sr, hr=hr)
    path = find_backbone("vgg19", layer)
    if path is None:
        raise MetricUnavailable(
            f"the content distance needs the ImageNet weights of VGG-19 up to {layer}, which are not on this disk; "
            "a training with content_weights=imagenet downloads them (548 MB)"
        )
    _check_size("the content distance", hr, SMALLEST_CONTENT)
    try:
        distance = _content(layer, path)
    except BackboneError as error:
        raise MetricUnavailable(f"the content distance: {error}") from None
    return distance(sr, hr)


def load_lpips(net: str) -> lpips.LPIPS:
    """Load the LPIPS network for N×3×H×W tensors in [-1,1], once per process."""
    if net not in LPIPS_BACKBONES:
        raise ValueError(f"LPIPS net {net!r} is unknown; allowed: {', '.join(LPIPS_BACKBONES)}")
    path = find_backbone(LPIPS_BACKBONES[net])
    if path is None:
        raise MetricUnavailable(
            f"LPIPS({net}) needs the ImageNet weights of {LPIPS_BACKBONES[net]}, which are not on this disk; run once "
            "with a network, or put them into a folder and name it in SRGAN_WEIGHTS"
        )
    try:
        return _load_lpips(net, path)
    except BackboneError as error:
        raise MetricUnavailable(f"LPIPS({net}): {error}") from None


def _check_size(metric: str, image: np.ndarray, smallest: int) -> None:
    height, width = image.shape[:2]
    if min(height, width) < smallest:
        raise MetricUnavailable(f"{metric} needs {smallest} pixels a side and got {width}×{height}")


@lru_cache
def _load_lpips(net: str, path: Path) -> lpips.LPIPS:
    import lpips
    import torch

    # On the meta device nothing is allocated or drawn from the global random stream only to be overwritten.
    with torch.device("meta"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(The parameter 'pretrained'|Arguments other than a weight enum)")
        model = lpips.LPIPS(net=net, pretrained=False, pnet_rand=True, verbose=False)
    calibration = Path(lpips.__file__).with_name("weights") / "v0.1" / f"{net}.pth"
    weights = torch.load(calibration, map_location="cpu", weights_only=True)
    # slice2.3.weight is the backbone's 3.weight
    names = {name: name.partition(".")[2] for name in model.net.state_dict()}
    features = read_backbone(path, {short: model.net.state_dict()[name] for name, short in names.items()})
    weights |= {f"net.{name}": features[short] for name, short in names.items()}
    model.load_state_dict(weights, strict=False, assign=True)
    return model.requires_grad_(False).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch declares no overload with the format alone


@lru_cache
def _lpips(model: lpips.LPIPS) -> _FeatureDistance:
    """Compare features that have unit length at every pixel, weighted by channel."""
    import lpips

    def features(images: Tensor) -> list[Tensor]:
        return [lpips.normalize_tensor(layer) for layer in model.net(model.scaling_layer(images / 127.5 - 1))]

    return _FeatureDistance(features, model.lins)


@lru_cache
def _content(layer: str, path: Path) -> _FeatureDistance:
    from srgan_lib.models.features import VGGFeatures

    network = VGGFeatures([layer], "imagenet", path)
    return _FeatureDistance(lambda images: [network(images / 255)[layer]], [lambda squares: squares])


class _FeatureDistance:
    """The mean squared difference of two images' features, weighted, summed over layers.

    The original's features are computed once while method after method is compared with it.
    """

    def __init__(
        self, features: Callable[[Tensor], list[Tensor]], weights: Iterable[Callable[[Tensor], Tensor]]
    ) -> None:
        self.features, self.weights = features, weights
        self.of_original = lru_cache(maxsize=1)(self.of)

    def __call__(self, sr: np.ndarray, hr: np.ndarray) -> float:
        import torch

        pixels = [(image.shape, image.dtype.str, image.tobytes()) for image in (sr, hr)]
        with torch.inference_mode():
            layers = zip(self.weights, self.of(*pixels[0]), self.of_original(*pixels[1]), strict=True)
            return sum((weigh((a - b) ** 2).mean() for weigh, a, b in layers), torch.zeros(())).item()

    def of(self, shape: tuple[int, ...], dtype: str, pixels: bytes) -> list[Tensor]:
        import torch

        image = np.frombuffer(pixels, dtype).reshape(shape).astype(np.float32)
        return self.features(torch.from_numpy(image).permute(2, 0, 1)[None])
