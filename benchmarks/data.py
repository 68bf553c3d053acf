"""Reading: training crops against decoding a file per crop, and MATLAB's resize against a plain NumPy one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.race import Race
from srgan_lib.data.images import crop_to_multiple, read_image
from srgan_lib.data.pairs import Pair
from srgan_lib.data.patches import PatchSampler
from srgan_lib.data.resize import bicubic_kernel, imresize
from srgan_lib.params.shared import Shared

SCALE = 4
BATCHES = 32  #: a turn; a single batch of ours takes a millisecond, of which waking up would be half


def races(files: list[Path], dataset: str, batch: int, crop: int) -> list[Race]:
    """Crops with their LR from the photographs in ``files``, and shrinking one of them."""
    setting = {"files": files, "batch": batch, "crop": crop}
    image = np.asarray(read_image(files[0]))
    height, width = image.shape[:2]
    return [
        Race(
            "crops",
            "training crops with their ×4 LR, one thread",
            {
                "ours": partial(crops, **setting),
                "PIL per crop": partial(plain_crops, **setting),
            },
            "crops",
            BATCHES * batch,
            f"{batch} of {crop}² from {dataset}",
            20.0,
        ),
        Race(
            "resize",
            "MATLAB's bicubic resize to 1/4",
            {
                "ours": partial(resize, files[0]),
                "gather and sum": partial(plain_resize, files[0]),
            },
            "images",
            1,
            f"uint8 {width}×{height}",
        ),
    ]


def crops(files: list[Path], batch: int, crop: int) -> Callable[[], object]:
    """The library's batches: images decoded once, LR made once, crops cut in step."""
    torch.set_num_threads(1)
    images = [crop_to_multiple(read_image(file), SCALE) for file in files]
    pairs = [Pair(file.name, hr, imresize(hr, 1 / SCALE)) for file, hr in zip(files, images, strict=True)]
    sampler = PatchSampler(pairs, Shared(crop=crop, scale=SCALE), batch=batch, augment=True)
    steps = count()
    return lambda: [sampler.batch(next(steps)) for _ in range(BATCHES)]


def plain_crops(files: list[Path], batch: int, crop: int) -> Callable[[], object]:
    """What a Dataset's ``__getitem__`` usually does: decode, crop, flip and turn, PIL's bicubic, to tensors."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)

    def sample() -> tuple[torch.Tensor, torch.Tensor]:
        image = Image.open(files[rng.integers(len(files))]).convert("RGB")
        left, top = (int(rng.integers(side - crop + 1)) for side in image.size)
        hr = image.crop((left, top, left + crop, top + crop))
        if rng.random() < 0.5:
            hr = hr.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        hr = hr.rotate(90 * int(rng.integers(4)))
        lr = hr.resize((crop // SCALE, crop // SCALE), Image.Resampling.BICUBIC)
        lr_tensor, hr_tensor = (torch.from_numpy(np.array(part).transpose(2, 0, 1).copy()) for part in (lr, hr))
        return lr_tensor, hr_tensor

    return lambda: [
        [torch.stack(part) for part in zip(*(sample() for _ in range(batch)), strict=True)] for _ in range(BATCHES)
    ]


def resize(file: Path) -> Callable[[], object]:
    """The library's."""
    image = read_image(file)
    return lambda: imresize(image, 1 / SCALE)


def plain_resize(file: Path) -> Callable[[], object]:
    """The same pixels by gathering each tap's pixels and adding them up, weights computed anew."""
    image = read_image(file)

    def along(pixels: np.ndarray, axis: int) -> np.ndarray:
        pixels = pixels.swapaxes(0, axis).astype(np.float64)
        size = len(pixels)
        outputs = -(-size // SCALE)
        centres = (np.arange(outputs) + 0.5) * SCALE - 0.5
        positions = np.floor(centres - 2 * SCALE).astype(int)[:, None] + np.arange(4 * SCALE + 2)
        weights = bicubic_kernel((centres[:, None] - positions) / SCALE)
        weights /= weights.sum(axis=1, keepdims=True)
        gathered = pixels[positions.clip(0, size - 1)]
        summed = (weights.reshape(*weights.shape, *[1] * (pixels.ndim - 1)) * gathered).sum(axis=1)
        return np.floor(summed.clip(0, 255) + 0.5).astype(np.uint8).swapaxes(0, axis)

    return lambda: along(along(image, 0), 1)
