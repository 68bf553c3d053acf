import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from srgan_report.exhibits.content import content


def grey(plane):
    return np.stack([plane] * 3, axis=-1).astype(np.uint8)


def lettering():
    image = Image.new("RGB", (320, 240), "white")
    for line in range(15):
        words = "The quick brown fox jumps over the lazy dog 0123456789"
        ImageDraw.Draw(image).text((3, 16 * line), words, "black", ImageFont.load_default(14))
    return np.asarray(image)


ACROSS = np.indices((128, 128))[1]
NOISE = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("kind", "image"),
    [
        ("flat", np.full((128, 128, 3), 90, np.uint8)),
        ("flat", grey(ACROSS)),  # one level a pixel
        ("edges", grey(np.where(ACROSS % 32 < 16, 20, 220))),
        ("edges", grey(np.where((ACROSS + ACROSS.T) % 48 < 24, 20, 220))),
        ("text", lettering()),
        ("texture", NOISE),
    ],
)
def test_kinds_are_told_apart_by_gradients(kind, image):
    found = content(image)
    assert found[kind] >= 0.9 and sum(found.values()) == pytest.approx(1)


def test_photographs_are_what_they_show(photograph):
    assert content(photograph("gravel"))["texture"] > 0.8
    assert content(photograph("moon"))["flat"] > 0.8


def test_the_shares_are_of_whole_blocks():
    assert content(np.concatenate([np.full((128, 128, 3), 90, np.uint8), NOISE]))["flat"] == pytest.approx(0.5, abs=0.1)
