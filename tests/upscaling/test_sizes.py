"""Results that are smaller than what the network makes: ``--scale`` and ``--size``."""

import math

import numpy as np
import pytest
import pyvips
from click.testing import CliRunner
from PIL import Image

from srgan_lib.data.images import ImageError, write_image
from srgan_report.cli import main
from srgan_report.upscaling.folder import UpscaleError, plan_folder, upscale_folder
from srgan_report.upscaling.formats import Output
from srgan_report.upscaling.photograph import read_animation, upscale_file
from tests.upscaling.conftest import noise

#: By name: bands of the image, its type, and its kind in libvips.
KINDS = {
    "colour.png": (3, np.uint8, "srgb"),
    "grey.png": (1, np.uint8, "b-w"),
    "alpha.png": (4, np.uint8, "srgb"),
    "deep.tif": (3, np.uint16, "rgb16"),
}


def srgan(source, target, *words):
    return CliRunner().invoke(main, ["upscale", str(source), str(target), "--model", "srcnn", *words]).exit_code


@pytest.mark.parametrize("how", [{"scale": 2}, {"scale": 1}, {"box": (60, 1000)}, {"box": (math.inf, 33)}])
@pytest.mark.parametrize("name", KINDS)
def test_the_result_is_that_of_the_network_reduced(tmp_path, bicubic, name, how):
    bands, dtype, kind = KINDS[name]
    values = np.random.default_rng(0).random((20, 24, bands)) ** 2 * np.iinfo(dtype).max
    pyvips.Image.new_from_array(values.astype(dtype)).copy(interpretation=kind).write_to_file(str(tmp_path / name))
    size = Output(**how).size(tmp_path / name, 24, 20, 4)
    images = []
    for number, output in enumerate((Output(), Output(**how))):
        upscale_file(bicubic, tmp_path / name, tmp_path / f"{number}.tif", output=output)
        images.append(pyvips.Image.new_from_file(str(tmp_path / f"{number}.tif")))
    whole, small = images
    assert (small.width, small.height) == size
    assert (small.bands, small.format, small.interpretation) == (whole.bands, whole.format, whole.interpretation)
    for band in range(min(bands, 3)):
        colour = Image.fromarray(np.asarray(whole[band]).astype(np.float32))
        reduced = np.asarray(colour.resize(size, Image.Resampling.LANCZOS)).clip(0, np.iinfo(dtype).max)
        assert abs(reduced - np.asarray(small[band])).mean() < 0.004 * np.iinfo(dtype).max


def test_a_reduced_mask_does_not_ring(tmp_path, bicubic):
    square = np.full((24, 24, 4), 200, np.uint8)
    square[..., 3] = np.where(np.pad(np.ones((8, 8), bool), 8), 200, 0)
    Image.fromarray(square).save(tmp_path / "a.png")
    upscale_file(bicubic, tmp_path / "a.png", tmp_path / "b.png", output=Output(scale=1.5))
    mask = np.asarray(Image.open(tmp_path / "b.png"))[..., 3]
    assert mask.max() == 200 and not mask[:8].any()


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_animations_and_their_timing(tmp_path, bicubic, suffix):
    frames = [Image.fromarray(noise(12, 16, seed)) for seed in range(2)]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:], duration=[100, 200], loop=0)
    upscale_file(bicubic, tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}", output=Output(scale=2))
    found = read_animation(tmp_path / f"b.{suffix}")
    assert [frame.shape for frame in found.frames] == [(24, 32, 4)] * 2 and found.durations == [100, 200]


def test_what_the_network_cannot_reach_is_refused_before_it_is_computed(tmp_path, bicubic, folder):
    for how in ({"scale": 4.5}, {"box": (10, 10)}, {"box": (1000, 1000)}):
        with pytest.raises(ImageError) as refused:
            upscale_file(bicubic, folder / "a.png", tmp_path / "b.png", output=Output(**how))
        assert refused.value.path == folder / "a.png" and not (tmp_path / "b.png").exists()


def test_images_of_a_folder_fit_into_a_box_each_or_are_named(tmp_path, bicubic, folder):
    write_image(folder / "large.png", noise(50, 70))
    output = Output(box=(60, 60))
    assert {*plan_folder(folder, tmp_path / "sr", scale=4, output=output).failures} == {folder / "large.png"}
    with pytest.raises(UpscaleError):
        upscale_folder(bicubic, folder, tmp_path / "sr", output=output)
    assert Image.open(tmp_path / "sr" / "a.png").size == (60, 48)


@pytest.mark.parametrize(
    "words",
    [
        *(["--size", size] for size in ("0x10", "abc", "x", "10", "10x20x30", "-5x5", "x0", "1e3x5")),
        *(["--scale", scale] for scale in ("0", "0.5", "-2", "two", "nan", "4.01", "inf")),
        ["--scale", "2", "--size", "50x50"],
        ["--size", "10x10"],
        ["--size", "500x500"],
    ],
)
def test_sizes_that_are_none_are_refused(tmp_path, words):
    write_image(tmp_path / "a.png", noise(20, 20))
    assert srgan(tmp_path / "a.png", tmp_path / "b.png", *words) in (1, 2)
    assert not (tmp_path / "b.png").exists()


@pytest.mark.parametrize(
    ("words", "size"), [("--scale 2", (40, 32)), ("--size 50x", (50, 40)), ("--size x24", (30, 24))]
)
def test_sizes_of_one_image_and_of_a_folder(tmp_path, words, size):
    write_image(tmp_path / "in" / "a.png", noise(16, 20))
    for source, target in (("in/a.png", "b.png"), ("in", "out")):
        assert srgan(tmp_path / source, tmp_path / target, *words.split()) == 0
    assert Image.open(tmp_path / "b.png").size == Image.open(tmp_path / "out" / "a.png").size == size
