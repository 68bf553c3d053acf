import numpy as np
import pytest

from srgan_lib.data.images import write_image


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
