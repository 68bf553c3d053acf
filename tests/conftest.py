"""Fixtures that several rooms share: photographs, pairs, benchmark sets, and a browser for ``make test-browser``."""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srgan_lib import downloads
from srgan_lib.data.images import crop_to_multiple, read_image, write_image
from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos
from tests.server import Server

SWITCHES = (
    "no-sandbox disable-gpu disable-background-networking disable-component-update disable-sync no-first-run"  # as root
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, driven by Playwright; without one, tests that need it are skipped."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=[f"--{switch}" for switch in SWITCHES.split()])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def photograph():
    """A built-in photograph as H×W×3 uint8."""

    def read(name: str) -> np.ndarray:
        return read_image(next(photo.path for photo in find_photos("builtin", scale=4) if photo.image == name))

    return read


@pytest.fixture(scope="session")
def pairs(photograph) -> list[Pair]:
    """Three small photographs with their LR images, ×4."""
    names = ("astronaut", "coffee", "chelsea")
    cuts = [photograph(name)[100:228, 100:244] for name in names]
    return [Pair(name, hr, imresize(hr, 1 / 4)) for name, hr in zip(names, cuts, strict=True)]


@pytest.fixture(scope="session")
def benchmark():
    """Pairs of a standard set from SRGAN_DATA, where there is one."""

    def read(name: str) -> list[Pair]:
        folder = Path(os.environ.get("SRGAN_DATA", "")) / name
        if not os.environ.get("SRGAN_DATA") or not folder.is_dir():
            pytest.skip(f"{name} is not under SRGAN_DATA")
        return [
            Pair(file.stem, crop_to_multiple(read_image(file), 4), read_image(folder / "LRx4" / file.name))
            for file in sorted((folder / "HR").glob("*.png"))
        ]

    return read


@pytest.fixture
def server(monkeypatch):
    """A web server on this machine; downloads are allowed and do not wait between attempts."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    monkeypatch.setattr(downloads, "PAUSE", 0)
    with Server() as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def picture():
    """Makes a photograph-like image: smooth structure that differs from seed to seed."""

    def make(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
        rng = np.random.default_rng(seed)
        coarse = rng.integers(0, 256, (6, 8, 3)).astype(np.uint8)
        rows = np.arange(height) * 6 // height
        columns = np.arange(width) * 8 // width
        return coarse[rows][:, columns]

    return make


@pytest.fixture
def picture_folder(tmp_path, picture):
    """Writes pictures 0, 1, … under the given names and returns their folder."""

    def make(names: list[str], folder: str = "photos", first: int = 0, **size: int):
        for number, name in enumerate(names, first):
            write_image(tmp_path / folder / name, picture(number, **size))
        return tmp_path / folder

    return make
