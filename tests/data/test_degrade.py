import numpy as np
import pytest
from scipy.ndimage import correlate1d

from srgan_lib.data.degrade import degrade, is_deterministic
from srgan_lib.data.images import read_image
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos

KINDS = ("bicubic", "bicubic_float", "blur_bicubic", "realistic", "mild")


@pytest.fixture(scope="module")
def photograph():
    photo = next(p for p in find_photos("builtin", scale=4) if p.image == "chelsea")
    return read_image(photo.path)[40:136, 100:228]


def test_bicubic_kinds_are_imresize(photograph):
    assert np.array_equal(degrade(photograph, 4, "bicubic"), imresize(photograph, 1 / 4))
    assert np.array_equal(degrade(photograph, 3, "bicubic_float"), imresize(photograph, 1 / 3, "float"))


def test_blur_is_gaussian_with_the_border_replicated(photograph):
    distance = np.arange(-6, 7)
    kernel = np.exp(-0.5 * (distance / 1.5) ** 2)
    kernel /= kernel.sum()
    blurred = photograph.astype(float)
    for axis in (0, 1):
        blurred = correlate1d(blurred, kernel, axis, mode="nearest")
    expected = imresize(np.floor(blurred + 0.5).astype(np.uint8), 1 / 4)
    assert np.array_equal(degrade(photograph, 4, "blur_bicubic", blur_sigma=1.5), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_size_and_type(photograph, kind, scale):
    lr = degrade(photograph[:50, :70], scale, kind, rng=np.random.default_rng(0))
    assert lr.shape == (-(-50 // scale), -(-70 // scale), 3) and lr.dtype == np.uint8


def test_only_the_kinds_that_say_so_are_random(photograph):
    for kind in KINDS:
        first, second = (degrade(photograph, 4, kind, rng=np.random.default_rng(seed)) for seed in (0, 1))
        assert np.array_equal(first, second) == is_deterministic(kind)


def test_unknown_kind_and_missing_generator(photograph):
    with pytest.raises(ValueError, match="'magic' is unknown; allowed: bicubic, bicubic_float"):
        degrade(photograph, 4, "magic")
    for kind in ("realistic", "mild"):
        with pytest.raises(ValueError, match=f"the {kind} degradation is random: give it rng"):
            degrade(photograph, 4, kind)
