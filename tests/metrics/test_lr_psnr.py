import math

import numpy as np
import pytest

from srgan_lib.data.resize import imresize
from srgan_lib.metrics.fidelity import lr_psnr


def image(seed=0, side=32):
    return np.random.default_rng(seed).integers(40, 200, (side, side, 3)).astype(np.uint8)


def test_the_original_gives_its_lr_image_back():
    assert lr_psnr(image(), image(), 4) == math.inf


def test_one_level_everywhere_is_48_13_db():
    assert lr_psnr(image() + 1, image(), 4) == pytest.approx(10 * math.log10(255**2), abs=0.05)


def test_detail_that_lr_does_not_show_costs_little():
    checkered = image().astype(int) + 8 * (-1) ** np.add.outer(np.arange(32), np.arange(32))[..., None]
    assert lr_psnr(checkered.astype(np.uint8), image(), 4) > 45


def test_it_is_the_psnr_of_the_lr_images_cut_to_a_multiple_of_the_scale():
    sr, hr = image(1, side=34), image(side=34)
    small = [imresize(one[:32, :32], 1 / 4).astype(float) for one in (sr, hr)]
    assert lr_psnr(sr, hr, 4) == pytest.approx(10 * math.log10(255**2 / np.mean((small[0] - small[1]) ** 2)))
