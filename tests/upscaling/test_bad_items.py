"""One bad item in a folder stops no other: it is named, and the exit code is 1."""

import errno
import os
import socket
from pathlib import Path

import pytest
import torch
from PIL import Image

from srgan_lib.data.images import read_image, write_image
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.models.tiled_inference import NotFinite
from srgan_report.upscaling import writing
from srgan_report.upscaling.folder import UpscaleError, upscale_folder
from tests.upscaling.conftest import noise


def bad_pipe(folder, _):
    os.mkfifo(folder / "x.png")


def bad_socket(folder, _):
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.relpath(folder / "x.png"))  # such names are short


def result_is(make):
    """An image whose result has a place that is taken by what ``make`` makes."""

    def bad(folder, target):
        write_image(folder / "x.png", noise(8, 8))
        target.mkdir()
        make(target / "x.png")

    return bad


def no_place(folder, target):
    write_image(folder / "sub" / "x.png", noise(8, 8))
    target.mkdir()
    (target / "sub").touch()


#: By case: what makes one bad item in a folder of images.
BAD = {
    "a pipe": bad_pipe,
    "a socket": bad_socket,
    "a device": lambda folder, _: (folder / "x.png").symlink_to("/dev/zero"),
    "a link to nothing": lambda folder, _: (folder / "x.png").symlink_to("nothing"),
    "a link to itself": lambda folder, _: (folder / "x.png").symlink_to("x.png"),
    "an empty file": lambda folder, _: (folder / "x.png").touch(),
    "half a file": lambda folder, _: (folder / "x.png").write_bytes((folder / "a.png").read_bytes()[:400]),
    "a name that is no text": lambda folder, _: (folder / "x\udcff.png").write_bytes((folder / "a.png").read_bytes()),
    "a name too long for its result": lambda folder, _: Image.fromarray(noise(8, 8)).save(folder / f"{'x' * 251}.gif"),
    "a folder for a result": result_is(Path.mkdir),
    "a pipe for a result": result_is(os.mkfifo),
    "a result linked to nothing": result_is(lambda path: path.symlink_to("nothing")),
    "a result linked to an original": result_is(lambda path: path.symlink_to(path.parents[1] / "lr" / "a.png")),
    "a result that is an original": result_is(lambda path: os.link(path.parents[1] / "lr" / "x.png", path)),
    "a file where the results' folder should be": no_place,
}  # fmt: skip


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_one_bad_item_stops_no_other(make, bicubic, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(folder, tmp_path / "sr")
    originals = {file: file.read_bytes() for file in folder.rglob("[abc].*") if file.is_file()}
    suffix = ".jpeg" if any(len(file.name) > 250 for file in folder.iterdir()) else ".png"
    with pytest.raises(UpscaleError) as failed:
        upscale_folder(bicubic, folder, tmp_path / "sr", suffix=suffix)
    first, reason = str(failed.value).splitlines()
    assert first == "1 of 4 images failed:" and "x" in reason
    for name in ("a", "below/b", "below/deeper/c"):
        assert read_image((tmp_path / "sr" / name).with_suffix(suffix)).shape[1] == 80
    assert {file: file.read_bytes() for file in originals} == originals
    assert not [file for file in (tmp_path / "sr").rglob(".*")]


def test_a_folder_that_is_closed_is_named(bicubic, folder, tmp_path, monkeypatch):
    scandir = os.scandir

    def closed(place):
        if str(place).endswith("deeper"):
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(UpscaleError) as failed:
        upscale_folder(bicubic, folder, tmp_path / "sr")
    assert str(folder / "below" / "deeper") in str(failed.value)
    assert len([path for path in (tmp_path / "sr").rglob("*.png")]) == 2


@pytest.mark.parametrize("length", [199, 200, 240, 250, 251])
@pytest.mark.parametrize("letter", ["x", "é", "日"])
def test_names_as_long_as_the_file_system_allows(length, letter, bicubic, tmp_path):
    stem = letter * (length // len(letter.encode()))
    write_image(tmp_path / "lr" / f"{stem}.png", noise(8, 8))
    (written,) = upscale_folder(bicubic, tmp_path / "lr", tmp_path / "sr")
    assert written.stem == stem and [written] == list((tmp_path / "sr").iterdir())


FAILURES = [
    *map(OSError, (errno.EACCES, errno.EIO, errno.EFBIG, errno.ENOMEM), "abcd"),
    MemoryError(),
    RuntimeError("x"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_an_image_that_cannot_be_written_stops_no_other(failure, bicubic, folder, tmp_path, monkeypatch):
    save = writing._save

    def fails_once(image, target, *rest):
        if target.name.startswith(".b."):
            raise failure
        save(image, target, *rest)

    monkeypatch.setattr(writing, "_save", fails_once)
    with pytest.raises(UpscaleError) as failed:
        upscale_folder(bicubic, folder, tmp_path / "sr")
    assert str(failed.value).startswith("1 of 3 images failed:\n") and "b.png" in str(failed.value)
    assert len([path for path in (tmp_path / "sr").rglob("*") if path.is_file()]) == 2


def test_a_network_that_computes_no_numbers_writes_nothing(folder, tmp_path):
    network = SRResNet(channels=4, blocks=1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1e30)
    with pytest.raises(NotFinite):
        upscale_folder(network, folder, tmp_path / "sr")
    assert [path for path in (tmp_path / "sr").rglob("*") if path.is_file()] == []
