import numpy as np
import pytest
from PIL import Image

from srgan_lib.data.images import write_image
from srgan_lib.models.srresnet import SRResNet


def noise(height, width, seed=0):
    """Pixels of an image without any regularity."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def bicubic():
    """A network that has not been trained: its output is its input enlarged bicubically."""
    return SRResNet(channels=4, blocks=1, global_skip="bicubic")


@pytest.fixture
def folder(tmp_path):
    """Three images, one of them in a subfolder, and what is none."""
    for number, name in enumerate(("a.png", "below/b.png", "below/deeper/c.webp")):
        write_image(tmp_path / "lr" / name, noise(16 + number, 20, seed=number))
    Image.fromarray(noise(18, 20, seed=2)).save(tmp_path / "lr" / "below" / "deeper" / "c.webp", lossless=True)
    (tmp_path / "lr" / "notes.txt").touch()
    (tmp_path / "lr" / ".hidden.png").touch()
    return tmp_path / "lr"
