"""The test track ``realworld``: what becomes of LR images before people bring them, of any HR set.

Each kind starts from the clean LR image (MATLAB's bicubic reduction by 4, or the file of the set) unless it names a
filter or a blur, which are of the HR image. Noise is a pure function of the kind and of the image's name. JPEG is
Pillow's, chroma halved; so is the unsharp mask, of radius 1 (LR pixels, standard deviation) and 100 %.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageFilter
from skimage.restoration import denoise_nl_means

from scripts.model_gallery import as_jpeg
from srgan_lib.data.degrade import degrade
from srgan_lib.data.pairs import Pair
from srgan_lib.data.randomness import random_stream

SCALE = 4
PHONE_NOISE = 10  #: levels

#: Makes a kind's LR image of a pair.
Kind = Callable[[Pair], np.ndarray]


def jpeg(quality: int) -> Kind:
    """The clean LR image as JPEG."""
    return lambda pair: as_jpeg(pair.given_lr, quality)


def noise(sigma: float) -> Kind:
    """The clean LR image with white Gaussian noise of a standard deviation in levels, of each channel."""
    return lambda pair: _noisy(pair, pair.given_lr, sigma)


def blurred(pair: Pair) -> np.ndarray:
    """Out of focus by a Gaussian of 1.5 HR pixels, JPEG 75."""
    return as_jpeg(degrade(pair.hr, SCALE, "blur_bicubic", blur_sigma=1.5), 75)


def resized(pair: Pair) -> np.ndarray:
    """Reduced by Pillow's Lanczos filter, as web sites do, JPEG 80."""
    return as_jpeg(_reduced(pair, Image.Resampling.LANCZOS), 80)


def sharpened(pair: Pair) -> np.ndarray:
    """The clean LR image after an unsharp mask, JPEG 85."""
    return as_jpeg(_sharp(pair.given_lr), 85)


def phone(pair: Pair) -> np.ndarray:
    """A phone's chain: mean over each sensor pixel, noise, non-local means that leaves some, unsharp mask, JPEG 85."""
    noisy = _noisy(pair, _reduced(pair, Image.Resampling.BOX), PHONE_NOISE) / 255
    sigma = PHONE_NOISE / 255
    smooth = denoise_nl_means(noisy, patch_size=5, patch_distance=6, h=0.8 * sigma, sigma=sigma, channel_axis=-1)
    return as_jpeg(_sharp(np.rint(255 * smooth.clip(0, 1)).astype(np.uint8)), 85)


KINDS: dict[str, Kind] = {
    **{f"JPEG {quality}": jpeg(quality) for quality in (90, 75, 50, 30)},
    **{f"noise {sigma}": noise(sigma) for sigma in (5, 15)},
    "blur 1.5, JPEG 75": blurred,
    "Lanczos, JPEG 80": resized,
    "unsharp mask, JPEG 85": sharpened,
    "phone": phone,
}


def realworld(pairs: Sequence[Pair], kinds: Mapping[str, Kind] = KINDS) -> dict[str, list[Pair]]:
    """Degrade pairs whose HR is 4 times LR: by kind, the same pairs with the LR images of that kind."""
    return {name: [replace(pair, lr=kind(pair)) for pair in pairs] for name, kind in kinds.items()}


def _noisy(pair: Pair, lr: np.ndarray, sigma: float) -> np.ndarray:
    rng = random_stream(0, f"realworld, {sigma}", zlib.crc32(pair.image.encode()))
    return np.rint(lr + rng.normal(0, sigma, lr.shape)).clip(0, 255).astype(np.uint8)


def _reduced(pair: Pair, kernel: Image.Resampling) -> np.ndarray:
    height, width = pair.given_lr.shape[:2]
    return np.asarray(Image.fromarray(pair.hr).resize((width, height), kernel))


def _sharp(lr: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(lr).filter(ImageFilter.UnsharpMask(1, 100, threshold=0)))
