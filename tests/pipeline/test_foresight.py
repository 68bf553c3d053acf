"""What would stop a run hours later is said before anything is computed."""

import numpy as np
import pytest
from PIL import Image

from srgan_lib.errors import InputError
from srgan_lib.files import Snapshot
from srgan_lib.layout import STAGES
from srgan_report.pipeline.foresight import check_stages
from tests.project import tiny_params

NET = """import os, sys, torch
from torch import nn
class Net(nn.Module):
    def __init__(self, scale):
        super().__init__(); self.layer = nn.Conv2d(3, 3, 3, padding=1); self.up = nn.Upsample(scale_factor=scale)
    def forward(self, lr):
        return {}
"""
LOSS = "import sys, torch\nclass Loss:\n    def __call__(self, sr, hr):\n        {}\n"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Five photographs of 64×64 pixels, their results by another program, and what each case adds."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(5):
        write(folder / "hr" / f"{number}.png", 64, 64, number)
        write(folder / "sr" / f"{number}.png", 64, 64, number)
    return folder


def write(path, width, height, seed=0, value=None):
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(pixels if value is None else np.full((height, width), value, np.float32))
    image.save(path)


def small(folder, side):
    for number in range(5):
        write(folder / f"{side}" / f"{number}.png", side, side, number)
    return folder / f"{side}"


def check(photos, *, image_folder=None, stages=tuple(STAGES), shared=None, **sections):
    """Check the stages of a run on the photographs."""
    where = {"dataset": "folder", "image_folder": str(image_folder or photos / "hr"), "crop": 32}
    counts = {"test_images": 2, "validation_images": 1}
    check_stages(tiny_params(shared=where | counts | (shared or {}), **sections), stages, Snapshot())


def test_what_is_right_is_let_through(photos, tmp_path):
    (tmp_path / "net.py").write_text(NET.format("self.up(self.layer(lr))"))
    (tmp_path / "loss.py").write_text(LOSS.format("return (sr - hr).abs().mean()"))
    own = {"generator": f"{tmp_path}/net.py:Net", "extra_losses": {f"{tmp_path}/loss.py:Loss": 0.1}}
    check(photos, warmup=own, evaluation={"methods": {"theirs": str(photos / "sr")}})


@pytest.mark.parametrize(
    ("side", "shared", "words"),
    [
        (15, {}, "5 cannot be used: smaller than the crop of 32×32"),
        (31, {}, "5 cannot be used: smaller than the crop of 32×32"),
        (24, {"crop": 96}, "smaller than the crop of 96×96"),
        (18, {"crop": 16}, "too small to be judged; test images need 19×19 pixels at ×4"),
        (26, {"crop": 16, "scale": 8}, "too small to be judged; test images need 27×27 pixels at ×8"),
        (64, {"test_images": 4}, "no images left for train"),
        (64, {"image_size": 16, "crop": 32}, "image_size 16 is smaller than the crop"),
        (64, {"image_size": 16, "crop": 16}, "too small to be judged"),
    ],
)
def test_photographs_that_are_too_small_or_too_few(photos, side, shared, words):
    with pytest.raises(InputError) as caught:
        check(photos, image_folder=small(photos, side), shared=shared)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "width", "height", "value", "words"),
    [
        ("nan", 64, 64, np.nan, "floats outside [0,1]"),
        ("infinite", 64, 64, np.inf, "floats outside [0,1]"),
        ("levels", 64, 64, 300.0, "floats outside [0,1]"),
        ("smaller", 32, 32, 0.5, "32×32 pixels and its HR image 64×64"),
        ("wider", 68, 64, 0.5, "68×64 pixels"),
    ],
)
def test_results_of_another_method_that_do_not_fit(photos, tmp_path, name, width, height, value, words):
    for number in range(5):
        write(tmp_path / f"{number}.tif", width, height, value=value)
    with pytest.raises(InputError) as caught:
        check(photos, evaluation={"methods": {name: str(tmp_path)}})
    assert words in str(caught.value) and caught.value.path.parent == tmp_path
    check(photos, evaluation={"methods": {name: str(tmp_path)}}, stages=["data", "srcnn"])


@pytest.mark.parametrize(
    ("forward", "words"),
    [
        ("self.layer(lr)", "it must make"),
        ("self.up(self.layer(lr)) * torch.nan", "float values around [0,1]"),
        ("self.up(lr)", "no finite gradient reaches"),
        ("sys.exit(0)", "net.py: line 7: it ends the program"),
        ("os._exit(0)", "net.py: line 7: it ends the program"),
        ("self.forward(lr)", "net.py: line 7: RecursionError"),
        ("0\nNet = print", "defines no class 'Net'"),
        ("0\nclass Net: pass", "Net is no network"),
        ("0\nimport nothing_here", "net.py: line 8: ModuleNotFoundError"),
    ],
)
def test_an_own_network_that_does_not_work(photos, tmp_path, forward, words):
    (tmp_path / "net.py").write_text(NET.format(forward))
    with pytest.raises(InputError) as caught:
        check(photos, warmup={"generator": f"{tmp_path}/net.py:Net"})
    assert str(caught.value).startswith("warmup.generator: ") and words in str(caught.value)
    check(photos, warmup={"generator": f"{tmp_path}/net.py:Net"}, stages=["data", "evaluation"])


@pytest.mark.parametrize(
    ("body", "words"),
    [("return 1", "one finite number as a tensor"), ("return hr.mean()", "gradient for sr"), ("sys.exit()", "line 4")],
)
def test_an_own_loss_that_does_not_work(photos, tmp_path, body, words):
    (tmp_path / "loss.py").write_text(LOSS.format(body))
    with pytest.raises(InputError) as caught:
        check(photos, adversarial={"extra_losses": {f"{tmp_path}/loss.py:Loss": 0.1}})
    assert str(caught.value).startswith("adversarial.extra_losses: ") and words in str(caught.value)
    check(photos, adversarial={"extra_losses": {f"{tmp_path}/loss.py:Loss": 0}})


@pytest.mark.parametrize("content", [b"", b"no weights", b"\0" * 1000])
def test_files_that_hold_no_network(photos, tmp_path, content):
    file = tmp_path / "x.safetensors"
    file.write_bytes(content)
    for sections in ({"evaluation": {"methods": {"theirs": str(file)}}}, {"warmup": {"start": str(file)}}):
        with pytest.raises(InputError, match=r"x\.safetensors"):
            check(photos, **sections)
