import errno
import logging
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from srgan_lib.data.images import ImageError, read_image, write_image
from srgan_lib.errors import StorageError
from srgan_lib.models.tiled_inference import upscale
from srgan_report.upscaling import writing
from srgan_report.upscaling.folder import UpscaleError, plan_folder, upscale_folder


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Three images, one of them in a subfolder, and what is none."""
    for number, name in enumerate(("a.png", "below/b.png", "below/deeper/c.webp")):
        write_image(tmp_path / "lr" / name, noise(16 + number, 20, seed=number))
    Image.fromarray(noise(18, 20, seed=2)).save(tmp_path / "lr" / "below" / "deeper" / "c.webp", lossless=True)
    (tmp_path / "lr" / "notes.txt").touch()
    (tmp_path / "lr" / ".hidden.png").touch()
    return tmp_path / "lr"


@pytest.mark.parametrize("jobs", [1, 3])
def test_names_and_subfolders_are_kept(bicubic, folder, tmp_path, jobs, caplog):
    caplog.set_level(logging.INFO)
    told = []
    written = upscale_folder(
        bicubic, folder, tmp_path / "sr", jobs=jobs, on_progress=lambda *numbers: told.append(numbers)
    )
    names = ["a.png", "below/b.png", "below/deeper/c.png"]
    assert sorted(path.relative_to(tmp_path / "sr").as_posix() for path in written) == names
    assert sorted(path for path in (tmp_path / "sr").rglob("*") if path.is_file()) == sorted(written)
    for number, name in enumerate(names):
        expected = upscale(noise(16 + number, 20, seed=number), bicubic)
        assert np.array_equal(read_image(tmp_path / "sr" / name), expected)
    total = 20 * (16 + 17 + 18) / 1e6
    assert [numbers[0] for numbers in told] == [0, 1, 2, 3]
    assert told[-1][1:] == pytest.approx((total, total))
    assert any("3 images to enlarge" in text for text in caplog.messages), "an estimate beforehand"


def test_what_is_done_is_skipped(bicubic, folder, tmp_path):
    upscale_folder(bicubic, folder, tmp_path / "sr")
    (tmp_path / "sr" / "below" / "b.png").unlink()
    again = upscale_folder(bicubic, folder, tmp_path / "sr")
    assert [path.name for path in again] == ["b.png"]
    assert upscale_folder(bicubic, folder, tmp_path / "sr") == []
    assert len(upscale_folder(bicubic, folder, tmp_path / "sr", force=True)) == 3


def test_results_within_the_originals_are_not_enlarged_again(bicubic, folder):
    upscale_folder(bicubic, folder, folder / "large")
    assert upscale_folder(bicubic, folder, folder / "large") == []


def test_failures_are_listed_after_all_others_are_done(bicubic, folder, tmp_path):
    broken = {
        "cut.jpg": b"\xff\xd8 cut",
        "drawing.svg": b"<svg/>",
        "animation.gif": b"GIF89a",
        "photo.heic": b"no image",
        "below/text.png": b"no image",
    }
    for name, content in broken.items():
        (folder / name).write_bytes(content)
    with pytest.raises(UpscaleError) as failed:
        upscale_folder(bicubic, folder, tmp_path / "sr")
    assert failed.value.exit_code == 1
    first, *reasons = str(failed.value).splitlines()
    assert first == "5 of 8 images failed:" and len(reasons) == 5
    assert all(any(f"{folder / name}: " in reason for reason in reasons) for name in broken)
    assert len([path for path in (tmp_path / "sr").rglob("*") if path.is_file()]) == 3


def test_an_image_that_is_damaged_further_down(bicubic, folder, tmp_path):
    Image.fromarray(noise(64, 64)).save(folder / "half.jpg")
    (folder / "half.jpg").write_bytes((folder / "half.jpg").read_bytes()[:1500])
    with pytest.raises(UpscaleError) as failed:
        upscale_folder(bicubic, folder, tmp_path / "sr", jobs=2)
    assert str(failed.value).startswith(f"1 of 4 images failed:\n  {folder / 'half.jpg'}: ")
    assert len([path for path in (tmp_path / "sr").rglob("*") if path.is_file()]) == 3


def test_a_full_disk_ends_the_run(bicubic, folder, tmp_path, monkeypatch):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(writing, "_save", full)
    with pytest.raises(StorageError) as failed:
        upscale_folder(bicubic, folder, tmp_path / "sr")
    assert failed.value.path == tmp_path / "sr" / "a.png"
    assert [path for path in (tmp_path / "sr").rglob("*") if path.is_file()] == []


def test_unfit_folders_are_refused(bicubic, tmp_path):
    folder = tmp_path / "lr"
    folder.mkdir()
    with pytest.raises(ImageError, match="no images in this folder"):
        upscale_folder(bicubic, folder, tmp_path / "sr")
    write_image(folder / "a.png", noise(16, 16))
    with pytest.raises(ImageError, match="folder of the originals"):
        upscale_folder(bicubic, folder, folder, force=True)
    with pytest.raises(ImageError, match="is a file"):
        upscale_folder(bicubic, folder, folder / "a.png", force=True)
    Image.fromarray(noise(16, 16)).save(folder / "a.jpg")
    with pytest.raises(ImageError, match=r"a\.jpg and a\.png would both become a\.png"):
        upscale_folder(bicubic, folder, tmp_path / "sr")


def test_a_second_run_does_not_interfere(bicubic, folder, tmp_path):
    (tmp_path / "sr").mkdir()
    with FileLock(tmp_path / "sr" / ".srgan-upscale.lock"):
        with pytest.raises(ImageError, match="another"):
            upscale_folder(bicubic, folder, tmp_path / "sr")
    assert len(upscale_folder(bicubic, folder, tmp_path / "sr")) == 3


def test_what_a_killed_run_left_is_cleared(bicubic, folder, tmp_path):
    (tmp_path / "sr").mkdir()
    (tmp_path / "sr" / ".a.k2j4h5g6.png").write_bytes(b"half")
    (tmp_path / "sr" / ".other.png").write_bytes(b"someone's own")
    upscale_folder(bicubic, folder, tmp_path / "sr")
    assert sorted(path.name for path in (tmp_path / "sr").iterdir()) == [".other.png", "a.png", "below"]


def test_images_too_large_for_the_format_are_found_beforehand(folder, tmp_path):
    write_image(folder / "wide.png", np.zeros((4, 4096, 3), np.uint8))
    plan = plan_folder(folder, tmp_path / "sr", scale=4, suffix=".webp")
    assert set(plan.failures) == {folder / "wide.png"}
    assert len(plan.jobs) == 3


# Enlarges a folder and records every image that is begun.
RUN = """
import sys
from pathlib import Path
from srgan_report.upscaling import folder
from srgan_lib.models.srresnet import SRResNet

enlarge = folder.enlarge

def recorded(model, header, *args, **options):
    with open(sys.argv[3], "a") as log:
        log.write(header.path.name + "\\n")
    enlarge(model, header, *args, **options)

folder.enlarge = recorded
folder.upscale_folder(SRResNet(channels=4, blocks=1, global_skip="bicubic"), Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_thousand_images_and_two_kills(tmp_path):
    count = 1000
    for number in range(count):
        write_image(tmp_path / "lr" / str(number % 10) / f"{number:04}.png", noise(8, 8, seed=number))
    log = tmp_path / "begun.txt"
    command = [sys.executable, "-c", RUN, str(tmp_path / "lr"), str(tmp_path / "sr"), str(log)]
    for kill_at in (300, 650):
        process = subprocess.Popen(command)
        while not log.exists() or len(log.read_text().splitlines()) < kill_at:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True)
    results = sorted(path for path in (tmp_path / "sr").rglob("*") if path.is_file())
    names = [f"{number:04}.png" for number in range(count)]
    assert sorted(path.name for path in results) == names
    for path in results:
        assert read_image(path).shape == (32, 32, 3)
    begun = log.read_text().split()
    assert set(begun) == set(names)
    assert len(begun) <= count + 2, "at most one image is done again after each kill"
