"""No command writes over what it reads, nor over what is there unless it is told to."""

import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from srgan_lib.data.images import write_image
from srgan_report.cli import main
from srgan_report.outputs import OutputError, OutputExists, check_output, identities


def hard_link(folder):
    os.link(folder / "read.png", folder / "x")


def capitals(folder):
    """What a disk that ignores capitals does: the same file under another name."""
    (folder / "READ.PNG").unlink(missing_ok=True)
    os.link(folder / "read.png", folder / "READ.PNG")


#: By case: what is made in a folder with read.png, the file to write, and what is said without and with --force.
PLACES = {
    "a new file": (None, "x", None, None),
    "a file in a folder to come": (None, "no/x", None, None),
    "another file": (lambda folder: (folder / "x").touch(), "x", OutputExists, None),
    "a link to another file": (lambda folder: (folder / "x").symlink_to(folder / "other"), "x", OutputExists, None),
    "a link to nothing": (lambda folder: (folder / "x").symlink_to("nothing"), "x", OutputError, None),
    "an input": (None, "read.png", OutputError, OutputError),
    "an input by a roundabout path": (None, "sub/../read.png", OutputError, OutputError),
    "an input in capitals": (capitals, "READ.PNG", OutputError, OutputError),
    "a link to an input": (lambda folder: (folder / "x").symlink_to("read.png"), "x", OutputError, OutputError),
    "a hard link to an input": (hard_link, "x", OutputError, OutputError),
    "through a link": (lambda folder: (folder / "s").symlink_to("."), "s/read.png", OutputError, OutputError),
    "a folder": (lambda folder: (folder / "x").mkdir(), "x", OutputError, OutputError),
    "a pipe": (lambda folder: os.mkfifo(folder / "x"), "x", OutputError, OutputError),
    "a device": (None, "/dev/null", OutputError, OutputError),
    "a link to itself": (lambda folder: (folder / "x").symlink_to("x"), "x", OutputError, OutputError),
    "a name that is too long": (None, "x" * 256, OutputError, OutputError),
    "in a file": (None, "other/x", OutputError, OutputError),
}  # fmt: skip


@pytest.mark.parametrize(("make", "name", "plain", "forced"), PLACES.values(), ids=PLACES)
def test_where_a_file_may_be_written(tmp_path, make, name, plain, forced):
    (tmp_path / "sub").mkdir()
    for file in ("read.png", "other"):
        (tmp_path / file).write_text(file)
    if make:
        make(tmp_path)
    read = identities([tmp_path / "read.png", tmp_path / "not there"])
    for force, kind in ((False, plain), (True, forced)):
        if kind is None:
            check_output(tmp_path / name, read, force=force)
            continue
        with pytest.raises(kind) as refused:
            check_output(tmp_path / name, read, force=force)
        assert refused.value.path == tmp_path / name and len(str(refused.value).splitlines()) == 1
        assert type(refused.value) is kind


EVALUATE = "evaluate --hr hr --sr sr --csv"
#: The command, and what it may not replace, with --force or without.
COMMANDS = [
    (f"{EVALUATE} hr/a.png", "hr/a.png"),
    (f"{EVALUATE} sr/a.png", "sr/a.png"),
    (f"{EVALUATE} SR/A.PNG", "sr/a.png"),
    (f"{EVALUATE} link.csv", "hr/a.png"),
    (f"{EVALUATE} hard.csv", "sr/a.png"),
    (f"{EVALUATE} sr/notes.csv", "sr/notes.csv"),
    ("upscale hr/a.png hr/a.png", "hr/a.png"),
    ("upscale hr/a.png hr", "hr/a.png"),
    ("upscale hr/a.png hard.png", "sr/a.png"),
    ("upscale hr/a.png in.png", "hr/a.png"),
    ("upscale hr/a.png w.png --checkpoint w.png", "w.png"),
    ("upscale hr hr", "hr/a.png"),
    ("upscale hr back", "hr/a.png"),
    ("export w.safetensors w.safetensors", "w.safetensors"),
    ("export w.safetensors onnx.onnx", "w.safetensors"),
    ("export srgan code.onnx --code code.onnx", "code.onnx"),
]


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["plain", "forced"])
@pytest.mark.parametrize(("command", "file"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_no_command_replaces_what_it_reads(tmp_path, monkeypatch, command, file, force):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("hr/a.png", 0), ("sr/a.png", 1)):
        write_image(Path(name), np.random.default_rng(seed).integers(0, 256, (24, 24, 3), dtype=np.uint8))
    for name in ("sr/notes.csv", "w.png", "w.safetensors", "code.onnx"):
        Path(name).write_text("someone's own")
    Path("SR").exists() or Path("SR").symlink_to("sr")
    Path("sr/A.PNG").exists() or os.link("sr/a.png", "sr/A.PNG")
    for name, target in (
        ("link.csv", "hr/a.png"),
        ("in.png", "hr/a.png"),
        ("onnx.onnx", "w.safetensors"),
        ("back", "hr"),
    ):
        Path(name).symlink_to(target)
    os.link("sr/a.png", "hard.csv")
    os.link("hr/a.png", "hard.png")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = CliRunner().invoke(main, [*command.split(), *force])
    assert done.exit_code == 2, done.output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert "Error: " in done.output and "Traceback" not in done.output


def test_a_table_is_replaced_only_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("hr/a.png", "sr/a.png"):
        write_image(Path(name), np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8))
    words = [*EVALUATE.split(), "scores.csv"]
    assert CliRunner().invoke(main, words).exit_code == 0
    Path("scores.csv").write_text("someone's own")
    assert CliRunner().invoke(main, words).exit_code == 2 and Path("scores.csv").read_text() == "someone's own"
    assert CliRunner().invoke(main, [*words, "--force"]).exit_code == 0
    assert Path("scores.csv").read_text().startswith("dataset,image,method")
    assert CliRunner().invoke(main, [*EVALUATE.split(), "scores.png"]).exit_code == 2
