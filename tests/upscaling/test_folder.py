import errno
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from srgan_lib.data.images import ImageError, read_image, write_image
from srgan_lib.errors import StorageError
from srgan_lib.models.tiled_inference import upscale
from srgan_report.upscaling import writing
from srgan_report.upscaling.folder import UpscaleError, plan_folder, upscale_folder
from srgan_report.upscaling.reading import FOREIGN_SUFFIXES
from tests.upscaling.conftest import noise


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


PAIR = {"a.jpg": "a.jpg.png", "a.png": "a.png.png"}
#: By case: the files of a folder, with their results; None: it is of a kind that is not read.
NAMES = {
    "raw and JPEG": {"IMG_1.CR2": None, "IMG_1.JPG": "IMG_1.png", "IMG_2.NEF": None, "IMG_2.jpeg": "IMG_2.png"},
    "a pair": PAIR,
    "a pair and others": {**PAIR, "b.webp": "b.png", "sub/a.tif": "sub/a.png"},
    "three of one name": {**PAIR, "a.webp": "a.webp.png"},
    "the name that one of a pair would get": {**PAIR, "a.jpg.bmp": "a.jpg.bmp.png"},
    "a file called like the result of a pair": {**PAIR, "a.png.tif": "a.png.tif.png"},
    "capitals": {"A.png": "A.png.png", "a.jpg": "a.jpg.png"},
    "capitals alone": {"A.png": "A.png-1.png", "a.png": "a.png-2.png"},
    "capitals of a subfolder": {"S/a.png": "S/a.png-1.png", "s/a.png": "s/a.png-2.png"},
    "composed and not": {"\u00e9.png": "\u00e9.png.png", "e\u0301.jpg": "e\u0301.jpg.png"},
    "a sidecar and text": {"a.png": "a.png", "a.xmp": None, "a.txt": None},
    "every foreign kind": {"a.webp": "a.png", **dict.fromkeys(f"a{suffix}" for suffix in FOREIGN_SUFFIXES)},
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_results_are_named_apart(names, tmp_path):
    for name in names:
        (tmp_path / "lr" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(8, 8)).save(tmp_path / "lr" / name, format="PNG")
    plan = plan_folder(tmp_path / "lr", tmp_path / "sr", scale=4)
    found = {
        str(job.path.relative_to(tmp_path / "lr")): str(result.relative_to(tmp_path / "sr"))
        for result, job in plan.jobs.items()
    }
    assert found == {name: result for name, result in names.items() if result}
    assert plan.failures == {}
    foreign = {name for name in names if Path(name).suffix.lower() in FOREIGN_SUFFIXES}
    assert {file.name for files in plan.left_out.values() for file in files} == foreign


def test_a_pair_is_enlarged_at_once_and_found_again(bicubic, tmp_path, caplog):
    for name in ("a.png", "a.bmp", "b.png"):
        Image.fromarray(noise(8, 8)).save((tmp_path / name).with_name(f"lr-{name}"))
    (tmp_path / "lr-b.dng").touch()
    (tmp_path / "lr-round").symlink_to(".")
    folder = tmp_path / "lr"
    folder.mkdir()
    for file in tmp_path.glob("lr-*"):
        file.rename(folder / file.name[3:])
    assert len(upscale_folder(bicubic, folder, tmp_path / "sr")) == 3
    assert sorted(path.name for path in (tmp_path / "sr").iterdir()) == ["a.bmp.png", "a.png.png", "b.png"]
    assert any("DNG is not read: 1 file (b.dng)" in text for text in caplog.messages)
    assert any("a link to a folder is not read: 1 file (round)" in text for text in caplog.messages)
    assert upscale_folder(bicubic, folder, tmp_path / "sr") == []


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
    assert first == "4 of 7 images failed:" and len(reasons) == 4
    assert all(any(f"{folder / name}: " in reason for reason in reasons) for name in broken if "svg" not in name)
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
