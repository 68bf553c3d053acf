import math

import numpy as np
import pytest
from scipy import ndimage

from srgan_lib.data.levels import ROUNDING_POWER
from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.flat_noise import SIGMA, flat_noise

LUMA = 219 / 255  # of a grey level, in studio range


def half_flat(texture=20.0, size=256):
    """Grey texture above, a constant below."""
    values = np.full((size, size), 128.0)
    values[: size // 2] += np.random.default_rng(0).normal(0, texture, (size // 2, size))
    return np.repeat(np.round(values)[..., None], 3, 2).clip(0, 255).astype(np.uint8)


def with_noise(image, sigma, rows=slice(None)):
    noisy = image.astype(float)
    noisy[rows] += np.random.default_rng(1).normal(0, sigma, image.shape[:2])[rows, :, None]
    return np.round(noisy).clip(0, 255).astype(np.uint8)


def test_equal_images_have_none():
    assert flat_noise(half_flat(), half_flat()) == 0


def test_noise_of_known_strength_over_a_constant():
    """What the high-pass leaves of white noise of variance v is v·(1 − 2·g(0) + Σg²), with the Gaussian's weights g."""
    impulse = np.zeros((33, 33))
    impulse[16, 16] = 1
    kept = ((impulse - ndimage.gaussian_filter(impulse, SIGMA)) ** 2).sum()
    sigma = 5.0
    power = kept * ((sigma * LUMA) ** 2 + ROUNDING_POWER * LUMA**2)
    expected = 10 * math.log10((power + ROUNDING_POWER) / ROUNDING_POWER)
    assert flat_noise(with_noise(half_flat(), sigma), half_flat()) == pytest.approx(expected, abs=0.3)


def test_only_the_smoothest_tenth_counts():
    hr = half_flat()
    assert flat_noise(with_noise(hr, 10, slice(0, 120)), hr) == pytest.approx(0, abs=0.1)


def test_smoothing_lies_below_zero():
    hr = with_noise(half_flat(), 5)
    blurred = np.round(ndimage.gaussian_filter(hr.astype(float), (2, 2, 0))).astype(np.uint8)
    assert flat_noise(blurred, hr) < -6


def test_an_image_smaller_than_a_block_has_no_measure():
    small = np.zeros((15, 40, 3), np.uint8)
    with pytest.raises(MetricUnavailable, match="16 pixels"):
        flat_noise(small, small)
