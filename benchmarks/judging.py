"""Judging and enlarging: metrics against scikit-image, tiles against the whole image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.race import Contestant, Race
from srgan_lib.data.images import crop_to_multiple, read_image
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.upscale import upscale_array
from srgan_lib.metrics.measure import measure
from srgan_lib.models.srresnet import SRResNet

SCALE = 4


def races(files: list[Path], dataset: str, machine: dict, lr_size: tuple[int, int]) -> list[Race]:
    """Metrics over the images in ``files``; SRResNet on LR pixels of ``lr_size`` (height, width)."""
    height, width = lr_size
    whole = {"machine": machine, "height": height, "width": width}
    return [
        Race(
            "metrics",
            "PSNR-Y and SSIM-Y",
            {
                "ours": Contestant("benchmarks.judging:metrics", {"files": files}),
                "scikit-image": Contestant("benchmarks.judging:plain_metrics", {"files": files}),
            },
            "images",
            len(files),
            f"{len(files)} images of {dataset}",
            2.0,
        ),
        Race(
            "tiles",
            "SRResNet in tiles against the whole at once",
            {
                "tiles": Contestant("benchmarks.judging:enlarge", {**whole, "tile": 176}),
                "whole": Contestant("benchmarks.judging:enlarge", {**whole, "tile": None}),
            },
            "images",
            1,
            f"64×16, {width}×{height} to {SCALE * width}×{SCALE * height}",
            1 / 1.5,
        ),
    ]


def metrics(files: list[Path]) -> Callable[[], list[dict[str, float]]]:
    """The library's."""
    pairs = _enlarged(files)
    return lambda: [measure(sr, hr, SCALE) for sr, hr in pairs]


def plain_metrics(files: list[Path]) -> Callable[[], list[dict[str, float]]]:
    """scikit-image's functions with the arguments that give the same conventions."""
    from skimage.color import rgb2ycbcr
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    pairs = _enlarged(files)

    def one(sr: np.ndarray, hr: np.ndarray) -> dict[str, float]:
        inner = slice(SCALE, -SCALE)
        sr, hr = (rgb2ycbcr(image[inner, inner])[..., 0] for image in (sr, hr))
        psnr = peak_signal_noise_ratio(hr, sr, data_range=255)
        similarity = structural_similarity(
            hr, sr, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
        )
        return {"psnr_y": psnr, "ssim_y": similarity[1][5:-5, 5:-5].mean()}

    return lambda: [one(sr, hr) for sr, hr in pairs]


def enlarge(machine: dict, height: int, width: int, tile: int | None) -> Callable[[], np.ndarray]:
    """The library's, in tiles or at once."""
    torch.set_num_threads(machine["threads"])
    torch.manual_seed(0)
    model = SRResNet().eval()
    lr = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return lambda: upscale_array(model, lr, tile=tile, device=machine["device"], dtype=machine["dtype"])


def _enlarged(files: list[Path]) -> list[tuple[np.ndarray, np.ndarray]]:
    torch.set_num_threads(1)
    originals = [np.ascontiguousarray(crop_to_multiple(read_image(file), SCALE)) for file in files]
    return [(imresize(imresize(hr, 1 / SCALE), SCALE), hr) for hr in originals]
