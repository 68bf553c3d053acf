"""The second-order degradation of Real-ESRGAN: what happens to photographs on their way through the world.

Twice over an image is blurred, resized, made noisy and compressed; at last it gets the ringing of
an overshooting filter. Every choice comes from one random generator.

References
----------
X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure
Synthetic Data", ICCV Workshops 2021, section 3. Ranges and probabilities are those of its ×4 model.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy.signal import fftconvolve
from scipy.special import j1

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
KERNEL_SIZES = range(7, 22, 2)
KERNEL_SHAPES = ("gaussian", "generalised", "plateau")
SHAPE_PROBABILITIES = (0.70, 0.15, 0.15)
ISOTROPIC_PROBABILITIES = {"gaussian": 0.45 / 0.70, "generalised": 0.8, "plateau": 0.8}
SHAPE_EXPONENT = {"gaussian": (1.0, 1.0), "generalised": (0.5, 4.0), "plateau": (1.0, 2.0)}
SINC_PROBABILITY, FINAL_SINC_PROBABILITY = 0.1, 0.8
GREY_NOISE_PROBABILITY = 0.4
JPEG_QUALITY = (30, 95)


def degrade_realistically(hr: np.ndarray, scale: int, rng: np.random.Generator) -> np.ndarray:
    """Make an LR image by two rounds of random degradation.

    Parameters
    ----------
    hr : H×W×3 uint8 array.
    scale : how many times smaller LR is.
    rng : decides everything that is random.

    Returns
    -------
    ⌈H/scale⌉×⌈W/scale⌉×3 uint8 array.
    """
    height, width = hr.shape[:2]
    small = -(-height // scale), -(-width // scale)
    image = hr / 255
    image = _round(image, (height, width), FIRST, rng)
    image = _jpeg(image, rng)
    image = _round(image, small, SECOND, rng)
    # JPEG artefacts may be ringing themselves, or ring after the last resizing.
    if rng.random() < 0.5:
        image = _jpeg(_ring(_resize(image, small, rng), rng), rng)
    else:
        image = _ring(_resize(_jpeg(image, rng), small, rng), rng)
    return _levels(image)


def gaussian_kernel(
    size: int, sigmas: Bounds, angle: float, shape: str = "gaussian", exponent: float = 1.0
) -> np.ndarray:
    """Make a size×size blur kernel that sums to 1 (Real-ESRGAN, section 3.1).

    Parameters
    ----------
    sigmas : standard deviations in pixels along the two axes.
    angle : of the first axis, in radians.
    shape : ``gaussian``, ``generalised`` (exp of a power) or ``plateau`` (1 / (1 + a power)).
    exponent : the power; 1 is the Gaussian's.
    """
    offsets = np.arange(size) - (size - 1) / 2
    x, y = np.meshgrid(offsets, offsets)
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    distance = ((along / sigmas[0]) ** 2 + (across / sigmas[1]) ** 2) ** exponent
    kernel = 1 / (1 + distance) if shape == "plateau" else np.exp(-0.5 * distance)
    return kernel / kernel.sum()


def sinc_kernel(size: int, cutoff: float) -> np.ndarray:
    """Make a size×size low-pass kernel that rings and sums to 1 (Real-ESRGAN, section 3.3); cutoff in radians per pixel."""
    offsets = np.arange(size) - (size - 1) / 2
    radius = np.hypot(*np.meshgrid(offsets, offsets))
    centre = radius == 0
    radius[centre] = 1
    kernel = cutoff * j1(cutoff * radius) / (2 * np.pi * radius)
    kernel[centre] = cutoff**2 / (4 * np.pi)
    return kernel / kernel.sum()


def _round(image: np.ndarray, size: tuple[int, int], stage: Round, rng: np.random.Generator) -> np.ndarray:
    """Blur, resize to about ``size`` times a random factor, and add noise; H×W×3 floats in [0,1]."""
    if rng.random() < stage.blur_probability:
        image = _filter(image, _blur_kernel(stage.blur_sigma, rng))
    low, high = stage.resize_factor
    enlarge, shrink, _ = stage.resize_probabilities
    choice = rng.random()
    factor = rng.uniform(1, high) if choice < enlarge else rng.uniform(low, 1) if choice < enlarge + shrink else 1.0
    image = _resize(image, (max(1, int(size[0] * factor)), max(1, int(size[1] * factor))), rng)
    grey = rng.random() < GREY_NOISE_PROBABILITY
    if rng.random() < 0.5:
        return _add_gaussian_noise(image, rng.uniform(*stage.gaussian_sigma) / 255, grey, rng)
    return _add_poisson_noise(image, rng.uniform(*stage.poisson_scale), grey, rng)


def _blur_kernel(sigma: Bounds, rng: np.random.Generator) -> np.ndarray:
    size = int(rng.choice(KERNEL_SIZES))
    if rng.random() < SINC_PROBABILITY:
        return sinc_kernel(size, rng.uniform(np.pi / 3 if size < 13 else np.pi / 5, np.pi))
    shape = str(rng.choice(KERNEL_SHAPES, p=SHAPE_PROBABILITIES))
    low, high = SHAPE_EXPONENT[shape]
    exponent = rng.uniform(low, 1) if rng.random() < 0.5 else rng.uniform(1, high)
    first, second = rng.uniform(*sigma, size=2)
    if rng.random() < ISOTROPIC_PROBABILITIES[shape]:
        second = first
    return gaussian_kernel(size, (first, second), rng.uniform(-np.pi, np.pi), shape, exponent)


def _ring(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply the final sinc filter with its probability."""
    kernel = sinc_kernel(int(rng.choice(KERNEL_SIZES)), rng.uniform(np.pi / 3, np.pi))
    return _filter(image, kernel) if rng.random() < FINAL_SINC_PROBABILITY else image


def _filter(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    margin = len(kernel) // 2
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    return fftconvolve(padded, kernel[..., None], mode="valid", axes=(0, 1))


def _resize(image: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Resize by a random method; like the source's, bilinear and bicubic alias when they shrink."""
    mode = str(rng.choice(["area", "bilinear", "bicubic"]))
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    corners = {} if mode == "area" else {"align_corners": False}
    resized = torch.nn.functional.interpolate(tensor, size=size, mode=mode, **corners)
    return resized[0].permute(1, 2, 0).numpy()


def _add_gaussian_noise(image: np.ndarray, sigma: float, grey: bool, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(0, sigma, image.shape[:2] + ((1,) if grey else (3,)))
    return np.clip(image + noise, 0, 1)


def _add_poisson_noise(image: np.ndarray, scale: float, grey: bool, rng: np.random.Generator) -> np.ndarray:
    """Add shot noise, as if the brightest level were as many photons as the image has levels (a power of two)."""
    image = _levels(image) / 255
    signal = image @ np.array([[0.299], [0.587], [0.114]]) if grey else image
    photons = 2 ** np.ceil(np.log2(max(2, len(np.unique(signal)))))
    noise = rng.poisson(signal * photons) / photons - signal
    return np.clip(image + scale * noise, 0, 1)


def _jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(_levels(image)).save(file, "JPEG", quality=int(rng.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1)))
    with Image.open(file) as compressed:
        return np.asarray(compressed) / 255


def _levels(image: np.ndarray) -> np.ndarray:
    """Convert floats in [0,1], clipped, to uint8."""
    return np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
