"""Judging and enlarging: metrics against scikit-image, the upscaler against PyTorch as it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.race import Race
from srgan_lib.data.images import crop_to_multiple, read_image
from srgan_lib.data.resize import imresize
from srgan_lib.metrics.measure import measure
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.models.tiled_inference import upscale

SCALE = 4


def races(files: list[Path], dataset: str, machine: dict, lr_size: tuple[int, int]) -> list[Race]:
    """Metrics over the images in ``files``; SRResNet on LR pixels of ``lr_size`` (height, width)."""
    height, width = lr_size
    size = {"threads": machine["threads"], "height": height, "width": width}
    return [
        Race(
            "metrics",
            "PSNR-Y and SSIM-Y",
            {
                "ours": partial(metrics, files),
                "scikit-image": partial(plain_metrics, files),
            },
            "images",
            len(files),
            f"{len(files)} images of {dataset}",
            2.0,
        ),
        Race(
            "upscale",
            "SRResNet upscaling, against eager float32 channels-last",
            {
                "ours": partial(enlarge, **size, machine=machine),
                "eager": partial(enlarge_eagerly, **size, device=machine["device"]),
            },
            "images",
            1,
            f"64×16, {width}×{height} to {SCALE * width}×{SCALE * height}",
            1.6,
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


def enlarge(threads: int, height: int, width: int, machine: dict) -> Callable[[], np.ndarray]:
    """The library's, in the number format that ``auto`` chooses here."""
    model, lr = _prepared(threads, height, width)
    return lambda: upscale(lr, model, device=machine["device"], dtype=machine["dtype"])


def enlarge_eagerly(threads: int, height: int, width: int, device: str) -> Callable[[], np.ndarray]:
    """The same network called as it is, on the whole image."""
    model, lr = _prepared(threads, height, width)
    model.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch's overloads lack memory_format

    @torch.no_grad()
    def work() -> np.ndarray:
        images = torch.from_numpy(lr).to(device).permute(2, 0, 1)[None].float().div(255)
        sr = model(images.contiguous(memory_format=torch.channels_last))
        return sr[0].mul(255).round_().clamp_(0, 255).byte().permute(1, 2, 0).cpu().numpy()

    return work


def _prepared(threads: int, height: int, width: int) -> tuple[SRResNet, np.ndarray]:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    lr = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return SRResNet().eval(), lr


def _enlarged(files: list[Path]) -> list[tuple[np.ndarray, np.ndarray]]:
    torch.set_num_threads(1)
    originals = [np.ascontiguousarray(crop_to_multiple(read_image(file), SCALE)) for file in files]
    return [(imresize(imresize(hr, 1 / SCALE), SCALE), hr) for hr in originals]
