import os
from pathlib import Path

import numpy as np
import pytest

from srgan_lib.data.images import crop_to_multiple, read_image
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import Pair


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
