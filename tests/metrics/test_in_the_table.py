import numpy as np
import pytest

from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.measure import METRICS, measure
from srgan_lib.metrics.spectra import grid_artefact, spectral_evenness

NAMES = ["grid_artefact", "spectral_evenness", "lr_psnr"]


def images(side=80):
    rng = np.random.default_rng(0)
    hr = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    return (hr // 2 + 60).astype(np.uint8), hr


def test_the_border_is_the_scale():
    sr, hr = images()
    values = measure(sr, hr, 3, NAMES)
    assert list(values) == NAMES
    assert values["grid_artefact"] == grid_artefact(sr, hr, 3)
    assert values["spectral_evenness"] == spectral_evenness(sr, hr)


def test_small_images_are_named():
    with pytest.raises(MetricUnavailable, match="64 pixels a side, and there are 60×60"):
        measure(*images(60), 4, ["grid_artefact"])


def test_directions_and_units():
    assert [METRICS[name].higher_is_better for name in NAMES] == [False, False, True]
    assert {METRICS[name].unit for name in NAMES} == {"dB"}


def test_the_best_grid_artefact_is_the_originals_own_level():
    grid = METRICS["grid_artefact"]
    assert grid.heading.endswith("→ 0") and grid.best([4.0, float("nan"), -3.0, 0.5, -0.7]) == 0.5
    assert METRICS["spectral_evenness"].best([4.0, 0.5]) == 0.5 and METRICS["psnr_y"].best([float("nan")]) is None
