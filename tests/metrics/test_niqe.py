import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import gennorm

from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.niqe import _fit, niqe

#: By calculate_niqe of BasicSR 1.4.2, without a border.
BASICSR = {"img_001": 2.77067, "img_002": 3.98079, "img_003": 3.28966, "img_004": 2.46164, "img_005": 2.21470}


def test_equals_basicsr_within_a_percent(benchmark):
    found = {pair.image: niqe(pair.hr) for pair in benchmark("BSD100") if pair.image in BASICSR}
    assert found == pytest.approx(BASICSR, rel=0.01)


def test_blur_and_noise_are_further_from_pristine_photographs(photograph):
    image = photograph("astronaut")
    noisy = image + np.random.default_rng(0).normal(0, 25, image.shape)
    blurred = gaussian_filter(image, (3, 3, 0))
    assert niqe(image) + 1 < min(niqe(blurred), niqe(noisy.clip(0, 255).astype(np.uint8)))


def test_what_no_whole_block_holds_does_not_count(photograph):
    image = photograph("astronaut")[:480, :480]
    padded = np.pad(image, ((0, 95), (0, 95), (0, 0)), constant_values=255)
    assert niqe(padded) == niqe(image)


def test_the_fit_finds_the_shape_and_scale_of_what_it_models():
    values = gennorm(1.4, scale=0.8).rvs((3, 400, 400), random_state=0)
    shape, left, right = _fit(values)
    assert shape == pytest.approx(1.4, abs=0.03)
    assert left == pytest.approx(0.8, rel=0.03) and right == pytest.approx(0.8, rel=0.03)


def test_few_blocks_carry_a_warning(photograph, caplog):
    niqe(photograph("astronaut")[:400, :400])
    assert not caplog.records
    niqe(photograph("astronaut")[:200, :200])
    assert "fewer than 12 blocks" in caplog.text


def test_a_small_image_has_no_niqe():
    with pytest.raises(MetricUnavailable, match="two blocks of 96×96"):
        niqe(np.zeros((96, 191, 3), np.uint8))


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_flat_image_has_no_niqe(photograph, value):
    flat = np.full((400, 400, 3), value, np.uint8)
    with pytest.raises(MetricUnavailable, match="not flat"):
        niqe(flat)
    flat[:90, :90] = photograph("astronaut")[:90, :90]
    with pytest.raises(MetricUnavailable, match="not flat"):
        niqe(flat)
