import numpy as np
import pytest
import torch

from srgan_lib.data import realistic
from srgan_lib.data.realistic import (
    EXPONENT,
    _add_gaussian_noise,
    _add_poisson_noise,
    _filter,
    degrade_mildly,
    degrade_realistically,
    gaussian_kernel,
    sharpened,
    sinc_kernel,
)
from srgan_lib.data.resize import imresize


@pytest.fixture
def crop(photograph):
    return photograph("astronaut")[:96, 200:296]


def test_the_generator_alone_decides(crop):
    first, again, other = (degrade_realistically(crop, 4, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_pictures_stay_recognisable_and_differ_widely(crop):
    clean = imresize(crop, 1 / 4).astype(float)
    errors, correlations = [], []
    for seed in range(40):
        lr = degrade_realistically(crop, 4, np.random.default_rng(seed)).astype(float)
        errors.append(np.sqrt(((lr - clean) ** 2).mean()))
        correlations.append(np.corrcoef(lr.ravel(), clean.ravel())[0, 1])
    assert np.median(correlations) > 0.85
    assert max(errors) > 2 * min(errors) > 0


def test_the_milder_chain_stays_near_the_clean_image_which_a_share_is(crop):
    clean = imresize(crop, 1 / 4).astype(float)
    made = [degrade_mildly(crop, 4, np.random.default_rng(seed)).astype(float) for seed in range(200)]
    errors = np.array([np.sqrt(((lr - clean) ** 2).mean()) for lr in made])
    assert 0.08 < (errors == 0).mean() < 0.25
    assert np.median(errors) < 9 and errors.max() < 25
    again, other = (degrade_mildly(crop, 4, np.random.default_rng(seed)) for seed in (5, 6))
    assert np.array_equal(again, made[5]) and not np.array_equal(other, made[5])


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        ("MILD_BLUR", (1.0, (4.0, 4.1)), lambda detail: detail < 0.6),
        ("MILD_NOISE", (1.0, (8.0, 8.1)), lambda detail: detail > 1.05),
        ("MILD_SHARPENING", (1.0, (119, 120)), lambda detail: detail > 1.3),
        ("MILD_JPEG", (1.0, (5, 6)), lambda detail: detail < 0.9),
    ],
)
def test_each_step_of_the_milder_chain_does_what_it_is_called(crop, monkeypatch, step, value, expected):
    for name in ("MILD_BLUR", "MILD_NOISE", "MILD_SHARPENING", "MILD_JPEG"):
        monkeypatch.setattr(realistic, name, value if name == step else (0.0, (1.0, 2.0)))
    monkeypatch.setattr(realistic, "MILD_FILTERS", {"bicubic": 1.0})
    monkeypatch.setattr(realistic, "CLEAN_PROBABILITY", 0.0)

    def detail(lr):
        return np.abs(np.diff(lr.astype(float), axis=0)).mean()

    assert expected(detail(degrade_mildly(crop, 4, np.random.default_rng(0))) / detail(imresize(crop, 1 / 4)))


def test_small_crops(crop):
    for seed in range(20):
        for chain in (degrade_realistically, degrade_mildly):
            assert chain(crop[:16, :16], 8, np.random.default_rng(seed)).shape == (2, 2, 3)


@pytest.mark.parametrize("shape", EXPONENT)
def test_kernels_are_normalised_and_symmetric(shape):
    kernel = gaussian_kernel(15, (3.0, 1.0), 0.7, shape, 1.5)
    assert kernel.shape == (15, 15) and np.isclose(kernel.sum(), 1)
    assert np.allclose(kernel, kernel[::-1, ::-1])
    isotropic = gaussian_kernel(15, (2.0, 2.0), 0.7, shape, 1.5)
    assert np.allclose(isotropic, isotropic.T) and np.allclose(isotropic, isotropic[::-1])


def test_gaussian_kernel_has_its_standard_deviations_along_its_axes():
    kernel = gaussian_kernel(41, (4.0, 1.5), np.pi / 2)
    offsets = np.arange(41) - 20
    rows, columns = kernel.sum(axis=1), kernel.sum(axis=0)
    assert np.isclose((rows * offsets**2).sum(), 16, rtol=1e-3)
    assert np.isclose((columns * offsets**2).sum(), 2.25, rtol=1e-3)


def test_sinc_kernel_passes_low_and_stops_high_frequencies():
    response = np.abs(np.fft.rfft(sinc_kernel(21, np.pi / 2).sum(axis=0), 256))
    frequency = np.linspace(0, np.pi, len(response))
    assert np.isclose(response[0], 1)
    assert response[frequency < 0.7].min() > 0.85 and response[frequency > 2.4].max() < 0.1


def test_filter_keeps_constants_and_mirrors_the_border():
    image = np.arange(30.0).reshape(5, 6, 1) @ np.ones((1, 3)) / 30
    assert np.allclose(_filter(np.full((5, 6, 3), 0.4), gaussian_kernel(21, (2, 2), 0)), 0.4)
    shifted = np.zeros((3, 3))
    shifted[1, 0] = 1
    assert np.allclose(_filter(image, shifted)[:, :-1], image[:, 1:])
    assert np.allclose(_filter(image, shifted)[:, -1], image[:, -2])


def test_gaussian_noise_has_its_deviation_and_is_grey_if_asked():
    flat = np.full((200, 200, 3), 0.5)
    colour = _add_gaussian_noise(flat, 0.05, False, np.random.default_rng(0)) - flat
    grey = _add_gaussian_noise(flat, 0.05, True, np.random.default_rng(0)) - flat
    assert (
        np.isclose(colour.std(), 0.05, rtol=0.02)
        and abs(np.corrcoef(colour[..., 0].ravel(), colour[..., 1].ravel())[0, 1]) < 0.02
    )
    assert np.isclose(grey.std(), 0.05, rtol=0.02) and np.array_equal(grey[..., 0], grey[..., 2])


def test_poisson_noise_grows_with_brightness():
    image = np.full((128, 256, 3), 26 / 255)
    image[:, 128:] = 104 / 255
    noise = _add_poisson_noise(image, 0.2, False, np.random.default_rng(0)) - image
    dark, bright = noise[:, :128].std(), noise[:, 128:].std()
    assert np.isclose(bright / dark, 2, rtol=0.05)  # the root of the ratio of brightnesses
    assert np.isclose(dark, 0.2 * np.sqrt(26 / 255 / 2), rtol=0.05)  # two levels in the image: two photons
    grey = _add_poisson_noise(image, 0.2, True, np.random.default_rng(0)) - image
    assert np.allclose(grey[..., 0], grey[..., 1])


def test_sharpening_has_the_published_values(photograph):
    """Constants: the published sharpening (USMSharp of BasicSR) of the same 100×100 pixels, in levels."""
    hr = torch.from_numpy(photograph("astronaut")[:100, 200:300].transpose(2, 0, 1).copy())[None] / 255
    sharp = sharpened(hr)
    change = 255 * (sharp - hr)
    assert change.mean().item() == pytest.approx(0.18917, abs=1e-4)
    assert change.std().item() == pytest.approx(10.20169, abs=1e-4)
    assert (255 * sharp[0, :, 50, 40]).tolist() == pytest.approx([133.98711, 103.33802, 69.29237], abs=1e-3)


def test_sharpening_leaves_faint_detail_and_values_in_range():
    faint = 0.5 + 0.03 * torch.rand(1, 3, 64, 64)
    assert torch.equal(sharpened(faint), faint)
    strong = sharpened((torch.rand(1, 3, 64, 64) > 0.5).float())
    assert strong.min() >= 0 and strong.max() <= 1
