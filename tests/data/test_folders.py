"""What a folder holds: one list of kinds for all commands, and a word on all that is left out."""

import importlib.util
import os
import socket
import struct

import numpy as np
import pytest
from PIL import Image

from srgan_lib.data import folders
from srgan_lib.data.folders import image_files, tell_left_out, tell_pages
from srgan_lib.data.images import SUFFIXES, ImageError, read_image
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import make_split
from srgan_lib.evaluation.evaluator import evaluate_folders
from srgan_lib.evaluation.methods import FolderError
from srgan_lib.params.shared import Shared
from srgan_report.upscaling.folder import plan_folder
from srgan_report.upscaling.reading import read_photograph

GRADIENT = np.stack([np.add.outer(np.arange(64), np.arange(96))] * 3, -1).astype(np.uint8)


def save(path, image=GRADIENT):
    """Write an image as the kind that its name says; frames of it where a list is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix, frames = (
        path.suffix.lower(),
        [Image.fromarray(one) for one in (image if isinstance(image, list) else [image])],
    )
    if suffix == ".ras":  # which Pillow reads only
        pixels = np.asarray(frames[0])[..., ::-1].tobytes()
        path.write_bytes(struct.pack(">8I", 0x59A66A95, *frames[0].size, 24, len(pixels), 1, 0, 0) + pixels)
        return
    if suffix in (".heic", ".heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
    mode = {".pgm": "L", ".pbm": "1", ".xbm": "1"}.get(suffix)
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    if more and suffix == ".jpg":  # what cameras write that take two pictures at a time
        more["format"] = "MPO"
    (frames[0].convert(mode) if mode else frames[0]).save(path, **more)


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_all_commands_read_the_same_kinds(suffix, tmp_path):
    file = tmp_path / "in" / f"photo{suffix.upper()}"
    save(file.with_suffix(suffix))
    file.with_suffix(suffix).rename(file)
    assert image_files(file.parent) == [file]
    assert [photo.path for photo in find_photos("folder", scale=4, image_folder=file.parent)] == [file]
    assert [header.path for header in plan_folder(file.parent, tmp_path / "out", scale=4).jobs.values()] == [file]
    image, photograph = read_image(file), read_photograph(file)
    assert image.shape == (64, 96, 3)
    assert abs(image.astype(int) - photograph.srgb).max() <= 2, "both readers see the same"
    if suffix not in (".pbm", ".xbm"):
        assert abs(image.astype(int) - GRADIENT).mean() <= 4


@pytest.mark.parametrize("suffix", [".pgm", ".jp2", ".tif", ".png"])
def test_grey_of_16_bits_is_read_alike(suffix, tmp_path):
    file = tmp_path / f"grey{suffix}"
    Image.fromarray((GRADIENT[..., 0].astype(np.uint16) + 5) * 257).save(file)
    photograph = read_photograph(file)
    assert photograph.srgb.dtype == np.uint16 and photograph.header.depth == 16 and photograph.header.is_grey
    assert np.array_equal(photograph.srgb[..., 0] // 257, GRADIENT[..., 0] + 5)
    assert np.array_equal(read_image(file)[..., 0], GRADIENT[..., 0] + 5)


#: What lies in a folder ("photo.png" is always there), and what is said of it.
CENSUS = [
    ([], ""),
    (["notes.txt"], "1 .txt file"),
    (["a.svg", "b.SVG", "c.psd"], "1 .psd and 2 .svg files"),
    (["a.cr2", "a.xmp", "README"], "1 other, 1 .cr2 and 1 .xmp files"),
    ([".hidden.svg", ".Trash/a.png"], ""),
    (["old/a.png"], "1 subfolder, which is not searched (old)"),
    (["x/a.png", "y/b/c.png", "z.png/d.png"], "3 subfolders, which are not searched (x, y, z.png)"),
    (["a.exr", "old/a.png"], "1 .exr file; 1 subfolder, which is not searched (old)"),
    (["PIPE:a.png"], "what is no regular file (a.png)"),
    (["SOCKET:b.gif", "LINK:c.png"], "what is no regular file (b.gif, c.png)"),
    (["evil\x1b[31m/a.png"], r"1 subfolder, which is not searched (evil\x1b[31m)"),
    (["a.\x1b[31m"], r"1 .\x1b[31m file"),
    (["PIPE:a\nb.png"], r"what is no regular file (a\nb.png)"),
    (["train/a.png", "test/b.png"], "1 .png file"),
    (["train/a.png", "test/b.svg"], "1 .png file; 1 subfolder, which is not searched (test)"),
    (
        ["train/a.png", "train/b.svg", "train/c/d.png"],
        "1 .png and 1 .svg files; 1 subfolder, which is not searched (c)",
    ),
    (["HR/a.png", "holiday/b.png"], "1 .png file; 1 subfolder, which is not searched (holiday)"),
]


@pytest.fixture
def folder(tmp_path, request):
    """A folder with a photograph and what the case names; sockets and pipes have short paths."""
    place = tmp_path / "mine"
    save(place / "photo.png")
    for name in request.param:
        kind, _, rest = name.rpartition(":")
        path = place / rest
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "PIPE":
            os.mkfifo(path)
        elif kind == "SOCKET":
            here = os.getcwd()
            os.chdir(place)
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(rest)
            os.chdir(here)
        elif kind == "LINK":
            path.symlink_to("nowhere.png")
        elif path.suffix == ".png":
            save(path)
        else:
            path.touch()
    return place


@pytest.mark.parametrize(("folder", "said"), CENSUS, indirect=["folder"])
def test_what_is_left_out_is_said_in_one_sentence(folder, said, caplog):
    assert find_photos("folder", scale=4, image_folder=folder)
    assert caplog.messages == ([f"mine: left out: {said}"] if said else [])


@pytest.mark.parametrize(("folder", "said"), [case for case in CENSUS[:13] if case[1]], indirect=["folder"])
def test_what_is_not_judged_is_said(folder, said, tmp_path, caplog):
    save(tmp_path / "sr" / "photo.png")
    evaluate_folders(folder, tmp_path / "sr", 4, names=["psnr_y"])
    evaluate_folders(tmp_path / "sr", folder, 4, names=["psnr_y"])
    assert caplog.messages == [f"mine: left out: {said}"] * 2


def test_heic_that_cannot_be_read_here_is_said(tmp_path, caplog, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(folders.importlib.util, "find_spec", lambda name: None if name == "pillow_heif" else find(name))
    save(tmp_path / "photo.png")
    (tmp_path / "IMG_1.HEIC").touch()
    assert [file.name for file in image_files(tmp_path)] == ["photo.png"]
    tell_left_out(tmp_path, image_files(tmp_path))
    assert "1 .heic file (HEIC needs another package; run: pip install 'srgan-report[heic]')" in caplog.text


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".webp", ".png", ".apng", ".avif", ".heic", ".jpg"])
def test_pages_and_frames_that_are_left_out_are_said(suffix, tmp_path, caplog):
    save(tmp_path / f"many{suffix}", [GRADIENT, 255 - GRADIENT, GRADIENT // 2])
    save(tmp_path / f"one{suffix}")
    tell_pages(image_files(tmp_path))
    assert caplog.messages == [f"of 1 file with more than one image the first is used (many{suffix})"]
    assert abs(read_image(tmp_path / f"many{suffix}").astype(int) - GRADIENT).mean() <= 4


def test_a_split_and_an_evaluation_say_which_files_have_pages(tmp_path, caplog):
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
        save(tmp_path / "in" / f"{number}.tif", list(noise) if number else noise[0])
    make_split(find_photos("folder", scale=4, image_folder=tmp_path / "in"), Shared(test_images=1))
    evaluate_folders(tmp_path / "in", tmp_path / "in", 4, names=["psnr_y"])
    assert caplog.messages == ["of 2 files with more than one image the first is used (1.tif, 2.tif)"] * 2


@pytest.mark.parametrize("name", ["pipe.png", "pipe.heic", "pipe.gif"])
def test_a_pipe_is_refused_without_waiting(name, tmp_path):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ImageError, match="no regular file"):
        read_image(tmp_path / name)
    assert image_files(tmp_path) == []


def test_two_true_images_of_one_name_are_refused(tmp_path):
    for name in ("hr/a.png", "hr/a.gif", "sr/a.png"):
        save(tmp_path / name)
    with pytest.raises(FolderError, match=r"another image has the name of a\.gif"):
        evaluate_folders(tmp_path / "hr", tmp_path / "sr", 4, names=["psnr_y"])
