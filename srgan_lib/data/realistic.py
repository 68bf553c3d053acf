"""The second-order degradation of Real-ESRGAN: what happens to photographs on their way through the world.

Twice over an image is blurred, resized, made noisy and compressed; at last it gets the ringing of
an overshooting filter. Every choice comes from one random generator.

All steps are those of the published code, its JPEG (tables that are not rounded, borders filled up with black)
included. But each image draws for itself here, while there a batch shares the choice of a method and a pool of pairs
mixes the batches; and horizontal frequencies meet JPEG's own table, which is transposed there.

References
----------
X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure
Synthetic Data", ICCV Workshops 2021, section 3. Ranges and probabilities are those of its ×4 model.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter
from scipy.fft import dctn, idctn
from scipy.special import j1
from torch import Tensor
from torch.nn import functional as F

from srgan_lib.data.resize import imresize
from srgan_lib.params.shared import SHARPENING_RADIUS

Bounds = tuple[float, float]


@dataclass(frozen=True)
class Round:
    """One round of degradation: with what probability, and from what range, each step draws."""

    blur_probability: float
    blur_sigma: Bounds  # pixels
    resize_probabilities: tuple[float, float, float]  # enlarge, shrink, keep
    resize_factor: Bounds
    gaussian_sigma: Bounds  # levels
    poisson_scale: Bounds


FIRST = Round(1.0, (0.2, 3.0), (0.2, 0.7, 0.1), (0.15, 1.5), (1, 30), (0.05, 3.0))
SECOND = Round(0.8, (0.2, 1.5), (0.3, 0.4, 0.3), (0.3, 1.2), (1, 25), (0.05, 2.5))
#: Blur kernels and their probabilities; all but the sinc are as wide along both axes, or elongated at an angle.
KERNELS = {
    "sinc": 0.1,
    "gaussian": 0.9 * 0.45,
    "gaussian, elongated": 0.9 * 0.25,
    "generalised": 0.9 * 0.12,
    "generalised, elongated": 0.9 * 0.03,
    "plateau": 0.9 * 0.12,
    "plateau, elongated": 0.9 * 0.03,
}
KERNEL_SIZES = range(7, 22, 2)
EXPONENT = {"gaussian": (1.0, 1.0), "generalised": (0.5, 4.0), "plateau": (1.0, 2.0)}
FINAL_SINC_PROBABILITY = 0.8
RESIZE_MODES = ("area", "bilinear", "bicubic")
GREY_NOISE_PROBABILITY = 0.4
GREY = np.array([[0.2989], [0.587], [0.114]], np.float32)  # of RGB
JPEG_QUALITY = (30, 95)
#: JPEG's quantisation at quality 50 (ITU-T T.81, annex K) of Y and of Cb and Cr; rows are vertical frequencies.
LUMA_STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)
CHROMA_STEPS = np.full((8, 8), 99, np.float32)
CHROMA_STEPS[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
#: R, G and B to Y, Cb and Cr (ITU-T T.871).
YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
SHARPENING_SIGMA = 8.0  #: standard deviation of the Gaussian of unsharp masking, in pixels
SHARPENING_WEIGHT = 0.5  #: how much of what is finer than the Gaussian is added
SHARPENING_THRESHOLD = 10 / 255  #: detail that differs less stays as it is, with soft borders

#: The milder chain: how often each of its steps is taken, and what it draws from.
CLEAN_PROBABILITY = 0.15  #: of MATLAB's bicubic reduction alone
MILD_BLUR = (0.4, (0.3, 1.6))  #: HR pixels, standard deviation
MILD_FILTERS = {"bicubic": 0.4, "lanczos": 0.25, "bilinear": 0.2, "box": 0.15}
MILD_NOISE = (0.5, (0.0, 8.0))  #: levels, standard deviation
MILD_SHARPENING = (0.3, (30, 120))  #: per cent, of unsharp masking
MILD_SHARPENING_RADIUS = (0.5, 1.5)  #: LR pixels, standard deviation
MILD_JPEG = (0.9, (40, 96))  #: Pillow's quality, the last one excluded
FULL_CHROMA_PROBABILITY = 0.3


def degrade_realistically(hr: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """Make the ⌈H/scale⌉×⌈W/scale⌉×3 LR image of an H×W×3 uint8 image by two rounds of random degradation."""
    small = tuple(-(-side // scale) for side in hr.shape[:2])
    image = _round(hr / np.float32(255), None, FIRST, rng)
    image = _jpeg(image, rng)
    image = _round(image, small, SECOND, rng)
    # JPEG artefacts may be ringing themselves, or ring after the last resizing.
    jpeg_last, rings = rng.random() < 0.5, rng.random() < FINAL_SINC_PROBABILITY
    image = image if jpeg_last else _jpeg(image, rng)
    image = _resize(image, rng.choice(RESIZE_MODES), size=small)
    image = _ring(image, rng) if rings else image
    return _levels(_jpeg(image, rng) if jpeg_last else image)


def degrade_mildly(hr: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """Make the ⌈H/scale⌉×⌈W/scale⌉×3 LR image of an H×W×3 uint8 image as photographs mostly are that people have.

    Reduced by one of the common filters, at times out of focus, noisy or sharpened, nearly always saved as JPEG by the
    library that most programs use; a share is MATLAB's bicubic reduction alone, so that clean images stay known.
    """
    if rng.random() < CLEAN_PROBABILITY:
        return imresize(hr, 1 / scale)

    def drawn(step: tuple[float, Bounds]) -> float | None:
        probability, bounds = step
        return rng.uniform(*bounds) if rng.random() < probability else None

    image = Image.fromarray(hr)
    if blur := drawn(MILD_BLUR):
        image = image.filter(ImageFilter.GaussianBlur(blur))
    kernel = str(rng.choice(list(MILD_FILTERS), p=list(MILD_FILTERS.values())))
    width, height = image.size
    image = image.resize((-(-width // scale), -(-height // scale)), Image.Resampling[kernel.upper()])
    if noise := drawn(MILD_NOISE):
        grey = rng.random() < GREY_NOISE_PROBABILITY
        noisy = _add_gaussian_noise(np.asarray(image) / np.float32(255), noise / 255, grey, rng)
        image = Image.fromarray(_levels(noisy))
    if strength := drawn(MILD_SHARPENING):
        radius = rng.uniform(*MILD_SHARPENING_RADIUS)
        image = image.filter(ImageFilter.UnsharpMask(radius, round(strength), threshold=0))
    if quality := drawn(MILD_JPEG):
        file = io.BytesIO()
        subsampling = "4:4:4" if rng.random() < FULL_CHROMA_PROBABILITY else "4:2:0"
        image.save(file, "JPEG", quality=int(quality), subsampling=subsampling)
        image = Image.open(file)
    return np.asarray(image).copy()


def sharpened(images: Tensor) -> Tensor:
    """Sharpen N×3×H×W images in [0,1] where they have contrast; H and W exceed ``SHARPENING_RADIUS``.

    By unsharp masking (section 3.5): Real-ESRGAN makes its LR images of such originals and trains towards them.
    """
    detail = images - _blur(images)
    mask = _blur((detail.abs() > SHARPENING_THRESHOLD).to(images.dtype))
    return torch.lerp(images, (images + SHARPENING_WEIGHT * detail).clamp(0, 1), mask)


def gaussian_kernel(
    size: int, sigmas: Bounds, angle: float, shape: str = "gaussian", exponent: float = 1.0
) -> np.ndarray:
    """Make a size×size blur kernel that sums to 1 (Real-ESRGAN, section 3.1).

    Its standard deviations, in pixels, are along two axes of which the first has an angle in radians. Its shape is
    ``gaussian``, ``generalised`` (exp of a power) or ``plateau`` (1 / (1 + a power)); the Gaussian's exponent is 1.
    """
    offsets = np.arange(size) - (size - 1) / 2
    x, y = np.meshgrid(offsets, offsets)
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    distance = ((along / sigmas[0]) ** 2 + (across / sigmas[1]) ** 2) ** exponent
    kernel = 1 / (1 + distance) if shape == "plateau" else np.exp(-0.5 * distance)
    return kernel / kernel.sum()


def sinc_kernel(size: int, cutoff: float) -> np.ndarray:
    """Make a size×size low-pass kernel that rings, of sum 1 (Real-ESRGAN, section 3.3); cutoff in radians per pixel."""
    offsets = np.arange(size) - (size - 1) / 2
    radius = np.hypot(*np.meshgrid(offsets, offsets))
    centre = radius == 0
    radius[centre] = 1
    kernel = cutoff * j1(cutoff * radius) / (2 * np.pi * radius)
    kernel[centre] = cutoff**2 / (4 * np.pi)
    return kernel / kernel.sum()


def _blur(images: Tensor) -> Tensor:
    """Convolve with the Gaussian, borders mirrored."""
    offsets = torch.arange(-SHARPENING_RADIUS, SHARPENING_RADIUS + 1, device=images.device, dtype=images.dtype)
    kernel = torch.softmax(-0.5 * (offsets / SHARPENING_SIGMA) ** 2, dim=0)
    planes = F.pad(images, (SHARPENING_RADIUS,) * 4, mode="reflect").flatten(0, 1)[:, None]
    rows = F.conv2d(planes, kernel[None, None, :, None])
    return F.conv2d(rows, kernel[None, None, None]).reshape(images.shape)


def _round(image: np.ndarray, size: tuple[int, ...] | None, stage: Round, rng: np.random.Generator) -> np.ndarray:
    """Blur, resize by a random factor (of itself or of ``size``), and add noise; H×W×3 float32 in [0,1]."""
    if rng.random() < stage.blur_probability:
        kind = str(rng.choice(list(KERNELS), p=list(KERNELS.values())))
        image = _filter(image, _blur_kernel(kind, stage.blur_sigma, rng))
    factor = _resize_factor(stage, rng)
    if size is None:
        least = 1.01 / min(image.shape[:2])  # leaves a pixel
        image = _resize(image, rng.choice(RESIZE_MODES), scale_factor=max(factor, least))
    else:
        image = _resize(image, rng.choice(RESIZE_MODES), size=[max(1, int(side * factor)) for side in size])
    grey = rng.random() < GREY_NOISE_PROBABILITY
    if rng.random() < 0.5:
        return _add_gaussian_noise(image, rng.uniform(*stage.gaussian_sigma) / 255, grey, rng)
    return _add_poisson_noise(image, rng.uniform(*stage.poisson_scale), grey, rng)


def _blur_kernel(kind: str, sigma: Bounds, rng: np.random.Generator) -> np.ndarray:
    """Draw one of the ``KERNELS``."""
    size = int(rng.choice(KERNEL_SIZES))
    if kind == "sinc":
        return sinc_kernel(size, rng.uniform(np.pi / 3 if size < 13 else np.pi / 5, np.pi))
    shape, _, elongated = kind.partition(", ")
    low, high = EXPONENT[shape]
    exponent = rng.uniform(low, 1) if rng.random() < 0.5 else rng.uniform(1, high)
    first, second = rng.uniform(*sigma, size=2)
    return gaussian_kernel(size, (first, second if elongated else first), rng.uniform(-np.pi, np.pi), shape, exponent)


def _ring(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply the final sinc filter."""
    return _filter(image, sinc_kernel(int(rng.choice(KERNEL_SIZES)), rng.uniform(np.pi / 3, np.pi)))


def _filter(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    from scipy.signal import fftconvolve  # more than a second, which runs without this degradation do without

    margin = len(kernel) // 2
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    return fftconvolve(padded, kernel[..., None].astype(image.dtype), mode="valid", axes=(0, 1))


def _resize_factor(stage: Round, rng: np.random.Generator) -> float:
    low, high = stage.resize_factor
    enlarge, shrink, _ = stage.resize_probabilities
    choice = rng.random()
    return rng.uniform(1, high) if choice < enlarge else rng.uniform(low, 1) if choice < enlarge + shrink else 1.0


def _resize(image: np.ndarray, mode: str, **target: Any) -> np.ndarray:
    """Resize to a ``size`` or by a ``scale_factor``; like the source's, bilinear and bicubic alias when they shrink."""
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    return F.interpolate(tensor, mode=mode, **target)[0].permute(1, 2, 0).numpy()


def _add_gaussian_noise(image: np.ndarray, sigma: float, grey: bool, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal((*image.shape[:2], 1 if grey else 3), np.float32)
    return np.clip(image + sigma * noise, 0, 1)


def _add_poisson_noise(image: np.ndarray, scale: float, grey: bool, rng: np.random.Generator) -> np.ndarray:
    """Add shot noise, as if white were as many photons as the image has levels (rounded up to a power of two)."""
    signal = _levels(image @ GREY if grey else image) / np.float32(255)
    photons = 2 ** math.ceil(math.log2(len(np.unique(signal))))
    noise = rng.poisson(signal * photons).astype(np.float32) / photons - signal
    return np.clip(image + scale * noise, 0, 1)


def _jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lose what JPEG loses at a random quality: blocks of 8×8, chroma of half the resolution."""
    quality = rng.uniform(*JPEG_QUALITY)
    factor = 50 / quality if quality < 50 else 2 - quality / 50
    height, width = image.shape[:2]
    padded = np.pad(np.clip(image, 0, 1), ((0, -height % 16), (0, -width % 16), (0, 0)))
    planes = 255 * padded @ YCBCR.T
    planes[..., 0] = _quantise(planes[..., 0] - 128, factor * LUMA_STEPS) + 128
    for channel in (1, 2):
        halved = planes[..., channel].reshape(len(planes) // 2, 2, -1, 2).mean(axis=(1, 3))
        planes[..., channel] = _quantise(halved, factor * CHROMA_STEPS).repeat(2, axis=0).repeat(2, axis=1)
    return np.clip(planes @ np.linalg.inv(YCBCR).T / 255, 0, 1)[:height, :width]


def _quantise(plane: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Round the cosine transform of each 8×8 block to whole steps."""
    blocks = plane.reshape(len(plane) // 8, 8, -1, 8)
    coefficients = dctn(blocks, axes=(1, 3), norm="ortho")
    steps = steps[:, None]
    return idctn(np.rint(coefficients / steps) * steps, axes=(1, 3), norm="ortho").reshape(plane.shape)


def _levels(image: np.ndarray) -> np.ndarray:
    """Convert floats in [0,1], clipped, to uint8."""
    return np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
