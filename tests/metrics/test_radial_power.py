import numpy as np
import pytest

from srgan_lib.data.images import read_image
from srgan_lib.data.levels import luminance
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos
from srgan_lib.metrics.spectra import log_spectral_distance, radial_power


@pytest.fixture(scope="module")
def astronaut():
    photo = next(p for p in find_photos("builtin", scale=4) if p.image == "astronaut")
    return read_image(photo.path)[:256, 100:301]


def test_white_noise_has_its_variance_at_every_frequency():
    noise = np.random.default_rng(0).normal(100, 5, (300, 401))
    frequency, power = radial_power(noise)
    assert np.allclose(frequency, (np.arange(48) + 0.5) / 96)
    assert np.allclose(power[8:], 25, rtol=0.15) and abs(power[10:].mean() / 25 - 1) < 0.01


@pytest.mark.parametrize(("cycles", "axis"), [(0.1, 0), (0.3, 1)])
def test_a_wave_appears_at_its_frequency(cycles, axis):
    wave = 50 * np.sin(2 * np.pi * cycles * np.arange(256))
    image = np.broadcast_to(wave, (256, 256)) if axis else np.broadcast_to(wave[:, None], (256, 256))
    frequency, power = radial_power(image)
    assert abs(frequency[power.argmax()] - cycles) < 1 / 96
    assert power[abs(frequency - cycles) > 3 / 96].max() < 1e-6 * power.max()


def test_ring_averages_equal_those_of_the_full_transform():
    for shape in ((40, 33), (33, 40)):
        image = np.random.default_rng(1).normal(size=shape)
        window = np.outer(*(np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in shape))
        centred = (image - (image * window).sum() / window.sum()) * window
        full = np.abs(np.fft.fft2(centred)) ** 2 / (window**2).sum()
        radius = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
        _, power = radial_power(image, bins=5)
        for ring in range(5):
            assert np.isclose(power[ring], full[(radius * 10 >= ring) & (radius * 10 < ring + 1)].mean())


def test_small_images_have_empty_rings_but_a_distance(astronaut):
    small = astronaut[:24, :24]
    assert np.isnan(radial_power(small)[1]).any()
    assert log_spectral_distance(small, small) == 0
    assert np.isfinite(log_spectral_distance(small, small[::-1, ::-1] // 2))


def test_constant_images():
    flat = np.full((64, 64, 3), 90, np.uint8)
    assert np.allclose(radial_power(flat)[1], 0, atol=1e-12)
    assert log_spectral_distance(flat, flat) == 0


def test_bicubic_lacks_the_high_frequencies(astronaut):
    low = imresize(imresize(astronaut, 1 / 4), 4)[: astronaut.shape[0], : astronaut.shape[1]]
    frequency, hr_power = radial_power(astronaut)
    lost = 10 * np.log10(hr_power / radial_power(low)[1])
    assert abs(lost[frequency < 0.05]).max() < 2 and lost[frequency > 0.2].min() > 10
    assert log_spectral_distance(low, astronaut) > 10


def test_distance_in_decibels():
    noise = np.repeat(np.random.default_rng(0).normal(0, 1, (128, 128, 1)), 3, axis=2)
    loud, quiet = 128 + 20 * noise, 128 + 10 * noise
    powers = [radial_power(luminance(image, data_range=255))[1] + 1 / 12 for image in (loud, quiet)]
    difference = 10 * np.log10(powers[0] / powers[1])
    assert (
        np.isclose(log_spectral_distance(loud, quiet, data_range=255), np.sqrt((difference**2).mean()))
        and 5.9 < difference.mean() < 6.02
    )
