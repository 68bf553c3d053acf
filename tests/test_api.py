"""What ``import srgan_lib`` offers in one line each."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

import srgan_lib
from srgan_lib.models.files import CheckpointError


@pytest.mark.parametrize("name", srgan_lib.__all__)
def test_each_name_is_there_and_says_what_it_does(name):
    found = getattr(srgan_lib, name)
    assert inspect.isfunction(found) and inspect.getdoc(found)


def test_a_metric_waits_for_nothing_that_it_does_not_use():
    code = (
        "import sys, srgan_lib; srgan_lib.psnr; sys.exit(bool({'torch', 'pandas', 'scipy.sparse'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_shipped_network_enlarges_better_than_bicubic():
    y, x = np.mgrid[:96, :96] / 6
    hr = np.repeat((127 + 60 * np.sign(np.sin(x + y) * np.sin(x - y)))[..., None], 3, 2).astype(np.uint8)
    lr = srgan_lib.imresize(hr, 1 / 4)
    assert np.array_equal(lr, srgan_lib.degrade(hr, 4, "bicubic"))
    sr = srgan_lib.upscale(lr, "compact")
    assert np.array_equal(sr, srgan_lib.upscale(lr, srgan_lib.load(srgan_lib.shipped_models()["compact"])))
    assert srgan_lib.psnr(sr, hr) > srgan_lib.psnr(srgan_lib.imresize(lr, 4), hr) + 1
    assert srgan_lib.ssim(sr, hr) > srgan_lib.ssim(srgan_lib.imresize(lr, 4), hr)


def test_a_network_that_is_not_there_is_named():
    with pytest.raises(CheckpointError) as raised:
        srgan_lib.load("nowhere.safetensors")
    assert str(raised.value.path) == "nowhere.safetensors"
