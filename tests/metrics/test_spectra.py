import math

import numpy as np
import pytest

from srgan_lib.data.levels import ROUNDING_POWER
from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.spectra import (
    _block_power,
    grid_artefact,
    grid_frequencies,
    spectral_evenness,
)

SIGMA = 12.0


def noise(seed=0, size=256, sigma=SIGMA):
    """Grey white noise, of which the luminance has the power σ²·(219/255)²."""
    values = np.random.default_rng(seed).normal(128, sigma, (size, size))
    return np.repeat(np.round(values)[..., None], 3, 2).clip(0, 255).astype(np.uint8)


def with_carrier(image, amplitude, period=4.0, rows=True):
    """The image plus a cosine along its columns; ``rows`` makes it vary from row to row too, at the same period."""
    place = np.arange(image.shape[0])
    carrier = np.cos(2 * np.pi * place / period)
    pattern = amplitude * (np.outer(carrier, carrier) if rows else np.broadcast_to(carrier, image.shape[:2]))
    return np.round(image + pattern[..., None]).clip(0, 255).astype(np.uint8)


def test_white_noise_has_its_variance_at_every_frequency():
    power = _block_power(noise(size=512), 64)
    assert power.mean() == pytest.approx((SIGMA * 219 / 255) ** 2 + ROUNDING_POWER, rel=0.02)
    assert np.std(10 * np.log10(power)) < 0.6


def test_there_are_fifteen_grid_frequencies_at_scale_4():
    rows, columns = grid_frequencies(4, 64)
    assert len(rows) == 15
    assert set(rows) == set(columns) == {0, 16, 32, 48}
    assert (0, 0) not in zip(rows, columns, strict=True)


def test_equal_images_and_other_noise_have_none():
    assert grid_artefact(noise(), noise()) == 0
    assert abs(grid_artefact(noise(1), noise(2))) < 0.5
    assert spectral_evenness(noise(), noise()) == 0


@pytest.mark.parametrize("amplitude", [2.0, 4.0, 8.0])
def test_a_carrier_of_known_amplitude(amplitude):
    """A cosine of amplitude a has the power a²/4·Σw²²/… at ±f: (a·219/255)²/4·(Σw)²/Σw², two of the 15 frequencies."""
    hr = noise(size=512)
    sr = with_carrier(hr, amplitude, rows=False)
    window = np.sin(np.pi * (np.arange(64) + 0.5) / 64) ** 2
    carrier = (amplitude * 219 / 255) ** 2 / 4 * (window.sum() ** 2 / (window**2).sum()) ** 2
    floor = (SIGMA * 219 / 255) ** 2 + ROUNDING_POWER
    peak = 10 * math.log10(1 + carrier / floor)
    assert grid_artefact(sr, hr) == pytest.approx(2 / 15 * peak, abs=0.25)


def test_a_period_beside_the_grid_is_uneven_but_no_grid():
    hr = noise()
    sr = with_carrier(hr, 8.0, period=64 / 21)  # 5 bins from the grid's 16: in the ring of it
    assert grid_artefact(sr, hr) < 0
    assert spectral_evenness(sr, hr) > 0.8


def test_a_notch_is_below_zero():
    hr = with_carrier(noise(), 8.0)
    assert grid_artefact(noise(), hr) == pytest.approx(-grid_artefact(hr, noise()))
    assert grid_artefact(noise(), hr) < -1


def test_a_constant_loss_of_detail_is_even():
    hr = noise(3)
    assert spectral_evenness(noise(3, sigma=SIGMA / 2), hr) < 0.5
    assert spectral_evenness(with_carrier(hr, 10.0), hr) > 1


@pytest.mark.parametrize(("scale", "period"), [(2, 2), (3, 3), (8, 8)])
def test_other_scales(scale, period):
    hr = noise()
    assert grid_artefact(with_carrier(hr, 6.0, period), hr, scale) > 0.5
    assert len(grid_frequencies(scale, 64 - 64 % scale)[0]) == scale**2 - 1


def test_small_images_have_no_score():
    for metric in (grid_artefact, spectral_evenness):
        with pytest.raises(MetricUnavailable, match="64 pixels"):
            metric(noise(size=60), noise(size=60))
    assert grid_artefact(noise(size=64), noise(size=64)) == 0
