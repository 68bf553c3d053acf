import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srgan_lib.data.images import ImageError
from srgan_lib.data.levels import luminance
from srgan_lib.data.resize import imresize
from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.fidelity import psnr
from srgan_lib.metrics.measure import METRICS, measure

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
LIKE_MATLAB = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


def flat(value: int, height: int = 40, width: int = 56) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def blurred(image: np.ndarray) -> np.ndarray:
    return imresize(imresize(image, 1 / 4), image.shape[:2])


def test_psnr_y_of_flat_images_is_that_of_their_studio_range_difference():
    difference = 10 * 219 / 255  # Y spans 219 levels
    assert measure(flat(100), flat(110), 4, ["psnr_y"])["psnr_y"] == pytest.approx(
        20 * math.log10(255 / difference), abs=1e-9
    )


def test_psnr_rgb_pools_the_error_of_all_channels():
    other = flat(100)
    other[..., 0] += 6
    assert measure(other, flat(100), 0, ["psnr_rgb"])["psnr_rgb"] == pytest.approx(
        10 * math.log10(255**2 / (36 / 3)), abs=1e-9
    )


def test_differences_of_uint8_do_not_wrap_around():
    for other in (84, 116):
        assert psnr(flat(other), flat(100)) == pytest.approx(20 * math.log10(255 / 16), abs=1e-9)


def test_ssim_of_flat_images_is_the_luminance_term():
    a, b = (16 + value * 219 / 255 for value in (60, 180))
    expected = (2 * a * b + C1) / (a * a + b * b + C1)
    for value in measure(flat(60), flat(180), 2, ["ssim_y", "ssim_y_daala"]).values():
        assert value == pytest.approx(expected, abs=1e-9)


def test_equal_images():
    image = np.random.default_rng(0).integers(0, 256, (200, 190, 3), dtype=np.uint8)
    values = measure(image, image.copy(), 4, [name for name in METRICS if not name.startswith(("lpips", "content"))])
    assert values["psnr_y"] == values["psnr_rgb"] == math.inf
    assert values["log_spectral_distance"] == values["flat_noise"] == 0
    for name in ("ssim_y", "ssim_rgb", "ssim_y_daala", "ms_ssim_y", "vif_y"):
        assert values[name] == pytest.approx(1, abs=1e-5)


def test_the_border_is_shaved():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    framed = image.copy()
    framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = 0, 0, 0, 0
    assert measure(framed, image, 4, ["psnr_y"])["psnr_y"] == math.inf
    assert measure(framed, image, 3, ["psnr_y"])["psnr_y"] < 40


@pytest.mark.parametrize("name", ["astronaut", "coffee"])
def test_agrees_with_skimage(photograph, name):
    hr = photograph(name)
    sr = blurred(hr)
    y = [luminance(image)[4:-4, 4:-4] for image in (hr, sr)]
    assert measure(sr, hr, 4, ["psnr_y"])["psnr_y"] == pytest.approx(
        peak_signal_noise_ratio(*y, data_range=255), abs=1e-6
    )
    assert measure(sr, hr, 4, ["ssim_y"])["ssim_y"] == pytest.approx(structural_similarity(*y, **LIKE_MATLAB), abs=1e-6)


@pytest.mark.parametrize("size", [(11, 11), (11, 60), (42, 43), (43, 42), (75, 107)])
def test_ssim_agrees_with_skimage_whatever_the_size_of_the_last_strip(size):
    rng = np.random.default_rng(1)
    hr, sr = rng.integers(0, 256, (2, *size, 3), dtype=np.uint8)
    assert measure(sr, hr, 0, ["ssim_y"])["ssim_y"] == pytest.approx(
        structural_similarity(*map(luminance, (hr, sr)), **LIKE_MATLAB), abs=1e-6
    )
    expected = structural_similarity(hr.astype(float), sr.astype(float), channel_axis=2, **LIKE_MATLAB)
    assert measure(sr, hr, 0, ["ssim_rgb"])["ssim_rgb"] == pytest.approx(expected, abs=1e-6)


def test_daala_ssim_equals_its_definition_window_by_window():
    rng = np.random.default_rng(2)
    height, width = 200, 37
    hr, sr = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    y, x = luminance(hr), luminance(sr)
    sigma = 1.5 * height / 256
    radius = int(sigma * math.sqrt(-2 * math.log(math.sqrt(math.pi / 2) * sigma / 256)))
    total = total_weight = 0.0
    for row in range(height):
        for column in range(width):
            rows = np.arange(max(0, row - radius), min(height, row + radius + 1))
            columns = np.arange(max(0, column - radius), min(width, column + radius + 1))
            window = np.exp(-((rows[:, None] - row) ** 2 + (columns - column) ** 2) / (2 * sigma**2))
            weight = window.sum()
            a, b = x[np.ix_(rows, columns)], y[np.ix_(rows, columns)]
            mean = [(window * field).sum() / weight for field in (a, b, a * a, b * b, a * b)]
            variances = mean[2] - mean[0] ** 2 + mean[3] - mean[1] ** 2
            similarity = (
                (2 * mean[0] * mean[1] + C1)
                * (2 * (mean[4] - mean[0] * mean[1]) + C2)
                / ((mean[0] ** 2 + mean[1] ** 2 + C1) * (variances + C2))
            )
            total, total_weight = total + weight * similarity, total_weight + weight
    assert measure(sr, hr, 0, ["ssim_y_daala"])["ssim_y_daala"] == pytest.approx(total / total_weight, abs=1e-9)


def test_every_metric_sees_more_blur_as_worse(photograph):
    hr = photograph("chelsea")[:200, :200]
    slight, strong = (imresize(imresize(hr, 1 / factor), hr.shape[:2]) for factor in (1.5, 4))
    # Blur is even and without noise, has no grid and fits its LR image.
    other_faults = {"grid_artefact", "flat_noise", "spectral_evenness", "lr_psnr"}
    names = [name for name in METRICS if not name.startswith(("lpips", "content")) and name not in other_faults]
    good, bad = (measure(sr, hr, 4, names) for sr in (slight, strong))
    for name in names:
        assert (good[name] > bad[name]) == METRICS[name].higher_is_better, name
    assert measure(slight, hr, 4, ["ms_ssim_y"])["ms_ssim_y"] == good["ms_ssim_y"]
    assert measure(slight, hr, 4, ["vif_y"])["vif_y"] == good["vif_y"]


def test_a_metric_that_cannot_be_computed_says_why():
    image = flat(7, 100, 100)
    with pytest.raises(MetricUnavailable, match="161 pixels"):
        measure(image, image, 4, ["ms_ssim_y"])["ms_ssim_y"]
    told = []
    values = measure(image, image, 4, ["psnr_y", "ms_ssim_y"], on_unavailable=lambda *what: told.append(what))
    assert values["psnr_y"] == math.inf
    assert math.isnan(values["ms_ssim_y"])
    assert [name for name, _ in told] == ["ms_ssim_y"]


@pytest.mark.parametrize(
    ("sr", "border", "names", "kind", "message"),
    [
        (flat(0, 40, 55), 4, ["psnr_y"], ImageError, "55×40 pixels and hr 56×40"),
        (flat(0), 20, ["psnr_y"], ImageError, "border of 20 leaves nothing"),
        (flat(0), 16, ["ssim_y"], ImageError, "11×11"),
        (flat(0), 4, ["psnr"], ValueError, "unknown metric psnr; there are psnr_y"),
    ],
)
def test_unfit_input_is_refused(sr, border, names, kind, message):
    with pytest.raises(kind, match=message):
        measure(sr, flat(0), border, names)


@pytest.mark.parametrize(("value", "text"), [(-1.236, "−1.24"), (0.001, "+0.00"), (-0.001, "+0.00"), (2, "+2.00")])
def test_values_are_printed_with_a_real_minus_and_no_negative_zero(value, text):
    assert METRICS["psnr_y"].text(value, sign=True) == text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "psnr", "wang", "daala"), [("Set5", 28.43, 0.810, 0.822), ("BSD100", 25.96, 0.667, 0.695)]
)
def test_bicubic_has_its_published_figures(benchmark, name, psnr, wang, daala):
    names = ["psnr_y", "ssim_y", "ssim_y_daala"]
    scores = [list(measure(imresize(pair.lr, 4), pair.hr, 4, names).values()) for pair in benchmark(name)]
    means = np.mean(scores, axis=0)
    assert means[0] == pytest.approx(psnr, abs=0.005)
    assert means[1:] == pytest.approx([wang, daala], abs=0.003)
