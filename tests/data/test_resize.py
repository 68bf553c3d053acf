import math
import os
from pathlib import Path

import numpy as np
import pytest

from srgan_lib.data.folders import image_files
from srgan_lib.data.images import read_image
from srgan_lib.data.resize import bicubic_kernel, imresize, resize_weights


def keys(x: float) -> float:
    """The kernel once more, written from the paper's two branches."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def slow_pass(image: np.ndarray, scale: float, border: str) -> np.ndarray:
    """One pass over rows, pixel by pixel from the definition."""
    size = len(image)
    result = np.zeros((math.ceil(size * scale), *image.shape[1:]))
    stretch = min(scale, 1)
    for i in range(len(result)):
        centre = (i + 0.5) / scale - 0.5
        reach = range(math.floor(centre - 2 / stretch) - 1, math.ceil(centre + 2 / stretch) + 2)
        weights = [keys(stretch * (centre - j)) for j in reach]
        for j, weight in zip(reach, weights, strict=True):
            inside = (
                min(max(j, 0), size - 1)
                if border == "replicate"
                else [*range(size), *range(size)[::-1]][j % (2 * size)]
            )
            result[i] += weight / sum(weights) * image[inside]
    return result


def away_from_zero(x: np.ndarray) -> np.ndarray:
    return np.clip(np.where(x < 0, np.ceil(x - 0.5), np.floor(x + 0.5)), 0, 255)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (19, 14, 3)).astype(np.uint8)


@pytest.mark.parametrize("scale", [1 / 4, 1 / 2, 2, 4])
def test_benchmark_kind_rounds_after_each_pass(image, scale):
    rows = away_from_zero(slow_pass(image.astype(float), scale, "replicate"))
    columns = away_from_zero(slow_pass(rows.swapaxes(0, 1), scale, "replicate").swapaxes(0, 1))
    assert np.array_equal(imresize(image, scale), columns.astype(np.uint8))


@pytest.mark.parametrize("scale", [1 / 4, 1 / 3, 0.3, 1.7, 4])
def test_float_kind_rounds_once_and_mirrors(image, scale):
    floats = slow_pass(image.astype(float), scale, "mirror")
    floats = slow_pass(floats.swapaxes(0, 1), scale, "mirror").swapaxes(0, 1)
    assert np.allclose(imresize(image.astype(float), scale, "float"), floats, atol=1e-10)
    assert np.array_equal(imresize(image, scale, "float"), away_from_zero(floats.round(9)).astype(np.uint8))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_dtype_and_grey_are_kept(image, dtype):
    grey = image[..., 0].astype(dtype)
    small = imresize(grey, 1 / 4)
    assert small.dtype == dtype and small.shape == (5, 4)
    assert np.array_equal(small, imresize(image.astype(dtype), 1 / 4)[..., 0])


def test_floats_are_neither_rounded_nor_clipped():
    step = np.zeros((8, 8))
    step[:, 4:] = 1000.25
    enlarged = imresize(step, 4)
    assert enlarged.max() > 1010 and enlarged.min() < -10


def test_a_constant_stays_constant(image):
    for scale in (0.23, 1 / 4, 3, (5, 40)):
        assert (imresize(np.full_like(image, 77), scale) == 77).all()


def test_a_line_is_reproduced_inside():
    line = np.arange(40.0)[:, None] * np.ones(3)
    inside = imresize(line, (160, 3))[20:-20, 0]
    assert np.allclose(inside, (np.arange(20, 140) + 0.5) / 4 - 0.5)


def test_sizes_are_rounded_up_as_in_matlab():
    assert imresize(np.zeros((321, 481)), 1 / 4).shape == (81, 121)


def test_kernel_and_weights():
    assert bicubic_kernel(np.array([0, 1, 2, 2.5, -0.5])).tolist() == [1, 0, 0, 0, 0.5625]
    positions, weights = resize_weights(10, 40, 4.0)
    assert positions.shape == weights.shape == (40, 4) and positions.min() == 0 and positions.max() == 9
    assert np.allclose(weights.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((4, 4), int), 2), "uint8 or floating point"),
        ((np.zeros(4), 2), "H×W or H×W×C"),
        ((np.zeros((4, 4)), 0), "scale must be above 0"),
        ((np.zeros((4, 4)), 2, "cubic"), "allowed: 'benchmark', 'float'"),
    ],
)
def test_wrong_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        imresize(*arguments)


@pytest.mark.parametrize("name", ["Set5", "BSD100"])
def test_equals_matlab_on_the_benchmark_files(name):
    folder = Path(os.environ.get("SRGAN_DATA", "nowhere")) / name
    if not (folder / "LRx4").is_dir():
        pytest.skip(f"{folder}/LRx4 is not here: set SRGAN_DATA to a folder that has {name} with MATLAB's LR files")
    for hr, lr in zip(image_files(folder / "HR"), image_files(folder / "LRx4"), strict=True):
        assert np.array_equal(imresize(read_image(hr), 1 / 4), read_image(lr)), hr.name
