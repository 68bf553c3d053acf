"""Ctrl-C, the signals that end a job, and a terminal that is closed: what is there is whole, and nothing else is."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

from srgan_lib import files
from srgan_lib.data.images import read_image, write_image
from srgan_lib.models import tiled_inference
from srgan_report.cli import main
from srgan_report.upscaling import folder, photograph, writing

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
#: By name: the function before which the signal comes, and at which of its calls.
IN_AN_IMAGE = {
    "an image is decoded": (photograph, "read_photograph", 1),
    "computing": (tiled_inference, "_run", 1),
    "encoding": (writing, "_save", 1),
    "flushing": (files.os, "fsync", 1),
}
IN_A_FOLDER = {
    "planning": (folder, "read_header", 2),
    "with the lock taken": (folder, "_remove_leftovers", 1),
    "estimating": (folder, "upscale", 1),
    "the first image": (folder, "enlarge", 1),
    "the third image": (folder, "enlarge", 3),
    **{name: (place, function, call + 2) for name, (place, function, call) in IN_AN_IMAGE.items()},
}


@pytest.fixture
def album(tmp_path):
    for number, name in enumerate(("a", "b", "below/c", "d")):
        pixels = np.random.default_rng(number).integers(0, 256, (10, 12, 3), dtype=np.uint8)
        write_image(tmp_path / "lr" / f"{name}.png", pixels)
    return tmp_path


def interrupted(monkeypatch, moment, number, *words):
    """Run ``srgan upscale``, and send this process the signal at a moment."""
    place, name, call = moment
    function, calls = getattr(place, name), []

    def signalling(*args, **options):
        calls.append(name)
        if len(calls) == call:
            os.kill(os.getpid(), number)
            time.sleep(0.05)  # Python hands signals to the main thread, also from another one
        return function(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, signalling)
        done = upscale(*words)
    assert len(calls) >= call, "the signal was sent"
    assert done.exit_code == 130 and "Interrupted: " in done.output and "Traceback" not in done.output
    assert "lost" not in done.output
    return done


def upscale(*words):
    return CliRunner().invoke(main, ["upscale", *map(str, words), "--model", "srcnn", "--precision", "float32"])


def results(target):
    """The files in a folder, all of which must be whole images."""
    found = sorted(path for path in target.rglob("*") if path.is_file())
    assert all(read_image(path).shape == (40, 48, 3) and path.name[0] != "." for path in found)
    return [path.stem for path in found]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("moment", IN_A_FOLDER.values(), ids=IN_A_FOLDER)
def test_a_folder_is_stopped_and_goes_on(album, monkeypatch, moment, number):
    interrupted(monkeypatch, moment, number, album / "lr", album / "sr")
    assert len(results(album / "sr")) < 4
    assert upscale(album / "lr", album / "sr").exit_code == 0
    assert results(album / "sr") == ["a", "b", "c", "d"]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("moment", IN_AN_IMAGE.values(), ids=IN_AN_IMAGE)
def test_an_image_is_not_written_in_part(album, monkeypatch, moment, number):
    (album / "sr").mkdir()
    interrupted(monkeypatch, moment, number, album / "lr" / "a.png", album / "sr")
    assert results(album / "sr") == []
    assert upscale(album / "lr" / "a.png", album / "sr").exit_code == 0


@pytest.mark.parametrize("ignored", SIGNALS, ids=lambda number: number.name)
def test_who_ignores_a_signal_is_not_stopped_by_it(album, monkeypatch, ignored):
    before = signal.signal(ignored, signal.SIG_IGN)
    try:
        place, name, _ = IN_A_FOLDER["the third image"]
        enlarge = getattr(place, name)
        monkeypatch.setattr(place, name, lambda *a, **o: (os.kill(os.getpid(), ignored), enlarge(*a, **o)))
        assert upscale(album / "lr", album / "sr").exit_code == 0
        if ignored == signal.SIGINT:  # as in a shell's background job, which can still be ended
            monkeypatch.setattr(place, name, enlarge)
            interrupted(monkeypatch, (place, name, 1), signal.SIGTERM, album / "lr", album / "sr", "--force")
    finally:
        signal.signal(ignored, before)


@pytest.mark.slow
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_process_of_its_own(tmp_path, number):
    for image in range(200):
        pixels = np.random.default_rng(image).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        write_image(tmp_path / "lr" / f"{image:03}.png", pixels)
    words = ["upscale", tmp_path / "lr", tmp_path / "sr", "--model", "srcnn", "--precision", "float32", "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "srgan_report.cli", *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # a shell's background jobs ignore Ctrl-C
    )
    while len(list(tmp_path.glob("sr/*.png"))) < 20:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    assert "Interrupted: " in process.communicate()[1] and process.returncode == 130
    found = list((tmp_path / "sr").iterdir())
    assert 20 <= len(found) < 200
    assert all(read_image(path).shape == (256, 256, 3) and path.name[0] != "." for path in found)
