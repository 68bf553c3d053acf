import numpy as np

from srgan_lib.data.levels import luminance


def test_luminance_is_bt601_studio_range():
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    assert np.allclose(luminance(colours), [[16, 235, 16 + 65.481]])
