"""LPIPS: the distance of two images in the features of a network that was trained to recognise objects.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, version 0.1.
The calibrated layer weights come with the ``lpips`` package; the backbone's ImageNet weights are looked for on
this disk and never replaced by something else.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srgan_lib.data.levels import in_levels
from srgan_lib.errors import MetricUnavailable
from srgan_lib.models.backbones import LPIPS_BACKBONES, BackboneError, find_backbone, read_backbone

if TYPE_CHECKING:
    import lpips
    import torch

SMALLEST_SIDE = 32


def lpips_distance(sr: np.ndarray, hr: np.ndarray, net: str = "alex", *, data_range: float | None = None) -> float:
    """Compute the LPIPS distance, version 0.1, of two whole images; 0 is equal, lower is better.

    Parameters
    ----------
    sr, hr : H×W×3, uint8 or float, of one size, at least 32 pixels a side. No border is removed.
    net : ``"alex"`` (the judge) or ``"squeeze"`` (a second one).
    data_range : what images of floats span: 1 for [0,1], 255 for [0,255].

    Raises
    ------
    ValueError, ImageError
        For other images, and floats whose range is not said or wrong; see :func:`~srgan_lib.data.levels.in_levels`.
    MetricUnavailable
        Where the backbone's weights are not on this disk, or the images are too small for it.
    """
    import torch

    sr, hr = in_levels("lpips_distance", data_range, sr=sr, hr=hr)
    if min(hr.shape[:2]) < SMALLEST_SIDE:
        raise MetricUnavailable(f"LPIPS({net}) needs {SMALLEST_SIDE} pixels a side and got {hr.shape[1]}×{hr.shape[0]}")
    model = load_lpips(net)
    with torch.inference_mode():
        reference = _reference_features(model, hr.shape, hr.dtype.str, hr.tobytes())
        pairs = zip(model.lins, _features(model, sr), reference, strict=True)
        return sum((lin((a - b) ** 2).mean() for lin, a, b in pairs), torch.zeros(())).item()


def load_lpips(net: str) -> lpips.LPIPS:
    """Load the LPIPS network for N×3×H×W tensors in [-1,1], once per process.

    Raises
    ------
    MetricUnavailable
        Where the backbone's weights are not on this disk.
    """
    if net not in LPIPS_BACKBONES:
        raise ValueError(f"LPIPS net {net!r} is unknown; allowed: {', '.join(LPIPS_BACKBONES)}")
    path = find_backbone(LPIPS_BACKBONES[net])
    if path is None:
        raise MetricUnavailable(
            f"LPIPS({net}) needs the ImageNet weights of {LPIPS_BACKBONES[net]}, which are not on this disk; run once with a "
            "network, or put them into a folder and name it in SRGAN_WEIGHTS"
        )
    try:
        return _load_lpips(net, path)
    except BackboneError as error:
        raise MetricUnavailable(f"LPIPS({net}): {error}") from None


def _features(model: lpips.LPIPS, image: np.ndarray) -> list[torch.Tensor]:
    """Compute what LPIPS compares: each layer's features, normalised to unit length at every pixel."""
    import lpips
    import torch

    levels = torch.from_numpy(image.astype(np.float32, order="C"))
    scaled = model.scaling_layer(levels.permute(2, 0, 1)[None] / 127.5 - 1)
    return [lpips.normalize_tensor(layer) for layer in model.net(scaled)]


@lru_cache(maxsize=len(LPIPS_BACKBONES))
def _reference_features(model: lpips.LPIPS, shape: tuple[int, ...], dtype: str, pixels: bytes) -> list[torch.Tensor]:
    """Compute the original's features once while method after method is compared with it."""
    return _features(model, np.frombuffer(pixels, dtype).reshape(shape))


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
    features = read_backbone(path)
    for name in model.net.state_dict():  # slice2.3.weight is the backbone's 3.weight
        weights[f"net.{name}"] = features[name.partition(".")[2]]
    model.load_state_dict(weights, strict=False, assign=True)
    return model.requires_grad_(False).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch declares no overload with the format alone
