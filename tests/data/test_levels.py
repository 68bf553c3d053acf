import numpy as np
import pytest

from srgan_lib.data.levels import GREY, as_saved, in_levels, in_planes, luminance

RAMP = np.linspace(0, 1, 12).reshape(3, 4)


def levels(image, data_range):
    [found] = in_levels("this", data_range, shapes=(GREY,), image=image)
    return found


def test_luminance_is_bt601_studio_range():
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    assert np.allclose(luminance(colours), [[16, 235, 16 + 65.481]])
    assert np.allclose(luminance(colours / 255, data_range=1), [[16, 235, 16 + 65.481]])
    with pytest.raises(ValueError, match="^luminance: image is float64 .* data_range=1 "):
        luminance(colours / 255)


def test_what_is_in_levels_already_is_not_copied():
    for image in (np.zeros((3, 4), np.uint8), RAMP * 255):
        assert levels(image, 255) is image


@pytest.mark.parametrize("data_range", [1, 255])
def test_half_a_level_beyond_the_range_is_rounding_and_more_is_not(data_range):
    level = data_range / 255
    for excess in (0.49, 1e-6):
        spread = RAMP * (data_range + 2 * excess * level) - excess * level
        found = levels(spread, data_range)
        assert found.min() == pytest.approx(-excess) and found.max() == pytest.approx(255 + excess)
        assert as_saved(found).min() == 0 and as_saved(found).max() == 255
    for beyond in (RAMP * data_range + 0.51 * level, RAMP * data_range - 0.51 * level):
        with pytest.raises(ValueError, match="this: image"):
            levels(beyond, data_range)


def test_black_is_black_in_every_range_but_nearly_black_in_255_is_refused():
    for data_range in (1, 255):
        assert not levels(RAMP * 0, data_range).any()
    assert levels(RAMP / 200, 1).max() == pytest.approx(255 / 200)
    assert levels(RAMP * 2, 255).max() == 2
    with pytest.raises(ValueError, match="data_range=1"):
        levels(RAMP * 1.9, 255)


def test_planes_have_their_channels_first():
    colour = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for image, shape in ((colour, (3, 2, 4)), (colour[..., 0], (1, 2, 4))):
        [planes] = in_planes("this", None, image=image)
        assert planes.shape == shape and planes.dtype == np.float64
        assert planes[0, 1, 2] == np.atleast_3d(image)[1, 2, 0]


def test_rounding_is_that_of_a_saved_file():
    assert as_saved(np.array([-0.4, 0.4, 99.6, 255.4])).tolist() == [0, 0, 100, 255]
