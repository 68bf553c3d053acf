"""Readers of foreign bytes have bounds (docs/limits.md), tell files by their content, and read regular files alone."""

import errno
import importlib
import io
import json
import os
import pickle
import re
import shlex
import shutil
import tarfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from srgan_lib.data.named_sets import Archive, NamedSet, fetch_set, images_checksum
from srgan_lib.downloads import DownloadError
from srgan_lib.files import atomic_path, naming, parse_json, read_bounded, read_json
from srgan_lib.models import containers
from srgan_lib.models.containers import CheckpointError, check_pickle, kind_of
from srgan_lib.models.files import load_tensors, save_tensors
from srgan_report.cli import main
from srgan_report.pipeline.manifests import read_manifest

LIMITS = Path(__file__).parents[2] / "docs" / "limits.md"
STATE = {"weight": torch.zeros(3)}


def saved(**options):
    file = io.BytesIO()
    torch.save(STATE, file, **options)
    return file.getvalue()


def zipped(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("m.pth")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def safetensors_header(size):
    return size.to_bytes(8, "little") + b"{" + b" " * 99


NONES = b"\x80\x02" + b"N" * 3_000_000 + b"."
WEIGHTS = {
    "torch": (saved(), "pickle"),
    "legacy torch": (saved(_use_new_zipfile_serialization=False), "pickle"),
    "pickle": (pickle.dumps(STATE, protocol=4), "pickle"),
    "safetensors": (safetensors_header(50), "safetensors"),
}


@pytest.mark.parametrize("name", ["m.pth", "m.pth.tar", "m", "m.safetensors", "m.zip", "m.ckpt"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights_are_told_by_their_content(kind, name, tmp_path):
    content, expected = WEIGHTS[kind]
    (tmp_path / name).write_bytes(content)
    assert kind_of(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty; download"),
        (b"text of any kind", "not a file with weights"),
        (b"\x1f\x8b" + bytes(99), "compressed file; unpack it"),
        (tarred(saved()), "a tar archive; unpack it"),
        (zipped({"m.pth": saved()}), "a zip archive; unpack it"),
        (zipped({"m/data.pkl": b"N", "m/constants.pkl": b"N"}), "TorchScript program"),
        (zipped({"m/data.pkl": NONES}, zipfile.ZIP_DEFLATED), "torch.save(model.state_dict()"),
        (zipped({"m/data.pkl": b"N."})[:-9], "a damaged archive"),
        (b"<!DOCTYPE html><html>Log in</html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"7767517\n75 83\nInput data 0 1 data\n", "ncnn"),
        (b"\x89HDF\r\n\x1a\n", "Keras"),
        (b"\x08\x07\x12\x07pytorch", "an ONNX graph"),
        (safetensors_header(2**30), "names its tensors in 1,073,741,824 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # a zip archive holds the time of its making
)
def test_other_files_are_named_with_a_way_on(content, words, tmp_path):
    path = tmp_path / "m.pth"
    path.write_bytes(content)
    for read in (kind_of, load_tensors):
        with pytest.raises(CheckpointError) as refused:
            read(path)
        assert words in str(refused.value) and "\n" not in str(refused.value) and refused.value.path == path


@pytest.mark.parametrize("content", [NONES, zipped({"m/data.pkl": NONES}), saved()[:200], b"\x80\x02\xff"])
def test_a_pickle_that_would_grow_is_refused_before_it_is_read(content, tmp_path, monkeypatch):
    path = tmp_path / "m.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as refused:
        check_pickle(path)
    assert refused.value.path == path
    for whole in (saved(), saved(_use_new_zipfile_serialization=False)):
        path.write_bytes(whole)
        check_pickle(path)
        with monkeypatch.context() as patched, pytest.raises(CheckpointError, match="instructions"):
            patched.setattr(containers, "MOST_INSTRUCTIONS", 10)
            check_pickle(path)


def fifo(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [fifo, device, Path.mkdir])
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("run --dry-run x.yaml", "x.yaml"),
        ("run --dry-run --overlay x.yaml", "x.yaml"),
        ("sweep --dry-run x.yaml", "x.yaml"),
        ("upscale a.png out.png --checkpoint x.pth", "x.pth"),
        ("upscale a.png out.png --checkpoint x.safetensors", "x.safetensors"),
        ("export x.safetensors out.onnx", "x.safetensors"),
        ("run --dry-run -p 'methods={x: x.pth}'", "x.pth"),
    ],
)
def test_what_is_no_regular_file_is_refused_at_once(command, name, make, project, monkeypatch):
    from tests.robustness.test_mistakes import png

    monkeypatch.setenv("COLUMNS", "1000")
    (project / "a.png").write_bytes(png(8))
    make(project / name)
    try:
        done = CliRunner().invoke(main, shlex.split(command))
    finally:
        shutil.rmtree(project / name) if make is Path.mkdir else (project / name).unlink()
    if make is Path.mkdir and "methods" in command:
        return  # a folder of images
    assert done.exit_code == 2 and name in done.output and "Traceback" not in done.output, done.output
    assert ("directory" if make is Path.mkdir else "regular file") in done.output.replace("folder", "directory")


def test_json_is_read_within_bounds(tmp_path, monkeypatch, caplog):
    deep, large = tmp_path / "deep.json", tmp_path / "large.json"
    deep.write_text("[" * 200_000)
    large.write_text(json.dumps({"a": "x" * 100}))
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(deep.read_text())
    assert read_json(deep) is None and read_json(large) == {"a": "x" * 100}
    with pytest.raises(OSError, match="at most") as refused:
        read_bounded(large, 50)
    assert refused.value.filename == str(large)
    os.mkfifo(tmp_path / "manifest.json")
    assert read_manifest(tmp_path) is None and "is broken" in caplog.text


def test_errors_of_files_name_the_file_that_was_wanted(tmp_path):
    with pytest.raises(OSError) as full, atomic_path(tmp_path / "a.csv"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert full.value.filename == str(tmp_path / "a.csv") and list(tmp_path.iterdir()) == []
    with pytest.raises(OSError) as other, naming(tmp_path):
        raise OSError(errno.EACCES, "Permission denied", "b.csv")
    assert other.value.filename == "b.csv"


@contextmanager
def in_place_of(path, make):
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    try:
        yield
    finally:
        shutil.rmtree(path.parents[1])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.mkdir, "a folder, where a file is needed"),
        (lambda path: path.symlink_to("/nowhere/x"), "a symbolic link"),
    ],
)
def test_a_lock_that_is_none(make, words, project):
    with in_place_of(project / "results/.locks/run-demo.lock", make):
        done = CliRunner().invoke(main, ["run"])
    assert done.exit_code == 1 and "run-demo.lock" in done.output and words in done.output.replace("\n", " ")


def test_a_run_whose_folder_is_a_file(project):
    with in_place_of(project / "R/there/q", Path.touch):
        (project / "R/q").touch()
        done = CliRunner().invoke(main, ["run", "--results", "R", "--run", "q"])
    assert done.exit_code == 1 and "a part of this path is a file" in done.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({f"F/{n}.png": b"x" for n in range(3)}), "more than 2 images"),
        (zipped({"F/a.png": bytes(3000), "F/b.png": b""}, zipfile.ZIP_DEFLATED), "one of more than"),
        (zipped({"F/a.png": b"1", "F/b.png": b"3"}), "its images are others"),
        (zipped({"F/a.png": b"1", "../F/b.png": b"2"}).replace(b"PK\x01\x02", b"PK\x01\x00"), "damaged"),
        (zipped({f"F/{'x' * 300}.png": b"1"}), "damaged"),
        (tarred(b"1"), "hold 0 images"),
    ],
)
def test_a_hostile_archive_leaves_nothing(content, words, server, tmp_path, monkeypatch):
    monkeypatch.setattr("srgan_lib.data.named_sets.cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr("srgan_lib.data.named_sets.LARGEST_IMAGE", 1000)
    for name, data in (("a.png", b"1"), ("b.png", b"2")):
        (tmp_path / name).write_bytes(data)
    checksum = images_checksum(tmp_path)
    server.files["f.zip"] = content
    with pytest.raises(DownloadError) as refused:
        fetch_set(NamedSet("F", "", 2, (Archive((server.url("f.zip"),), None, {"F": "HR"}),), checksum=checksum))
    assert words in str(refused.value), refused.value
    assert [path.name for path in tmp_path.rglob("*.png")] == ["a.png", "b.png"]
    server.files["f.zip"] = zipped({"../../F/a.png": b"1", "/F/b.png": b"2"})
    shutil.rmtree(tmp_path / "cache")
    fetch_set(NamedSet("F", "", 2, (Archive((server.url("f.zip"),), None, {"F": "HR"}),), checksum=checksum))
    assert sorted(path.name for path in (tmp_path / "cache/F/HR").iterdir()) == ["a.png", "b.png"]


def test_the_table_of_limits_is_that_of_the_code(tmp_path):
    rows = re.findall(r"\| `([\w.]+)\.([A-Z_]+)` \| ([\d,]+) ", LIMITS.read_text(encoding="utf-8"))
    assert len(rows) >= 15
    for module, name, value in rows:
        assert getattr(importlib.import_module(module), name) == int(value.replace(",", "")), f"{module}.{name}"
    save_tensors(tmp_path / "a.safetensors", STATE, {})
    assert kind_of(tmp_path / "a.safetensors") == "safetensors"
