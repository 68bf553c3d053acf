import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from srgan_lib.data.duplicates import (
    NEAR_DUPLICATE_BITS,
    hash_distance,
    perceptual_hash,
    pixel_hash,
    refuse_duplicates,
)
from srgan_lib.data.images import read_image
from srgan_lib.data.sources import DatasetError, find_photos


@pytest.fixture(scope="module")
def photographs():
    wanted = {"astronaut", "chelsea", "coins", "motorcycle_left", "motorcycle_right", "camera", "rocket"}
    return {p.image: read_image(p.path) for p in find_photos("builtin", scale=4) if p.image in wanted}


def frame(*rows):
    columns = [
        (split, image, f"{image}.png", pixel_hash(pixels), perceptual_hash(pixels)) for split, image, pixels in rows
    ]
    return pd.DataFrame(columns, columns=["split", "image", "path", "sha256", "perceptual_hash"])


def test_pixel_hash_sees_every_pixel_and_the_shape():
    image = np.zeros((4, 6, 3), np.uint8)
    other = image.copy()
    other[3, 5, 2] = 1
    assert len({pixel_hash(image), pixel_hash(other), pixel_hash(image.reshape(6, 4, 3))}) == 3
    assert pixel_hash(image) == pixel_hash(np.asfortranarray(image))


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coins", "camera", "rocket"])
def test_copies_are_near(photographs, name):
    original = Image.fromarray(photographs[name])
    small = original.resize((original.width // 2, original.height // 2), Image.Resampling.BICUBIC)
    for copy in (small, original.convert("L").convert("RGB"), original.point(lambda v: int(v * 0.7 + 30))):
        file = io.BytesIO()
        copy.save(file, "JPEG", quality=40)
        distance = hash_distance(perceptual_hash(photographs[name]), perceptual_hash(np.asarray(Image.open(file))))
        assert distance <= NEAR_DUPLICATE_BITS / 2


def test_different_photographs_are_far(photographs):
    hashes = [perceptual_hash(image) for image in photographs.values()]
    distances = [hash_distance(a, b) for place, a in enumerate(hashes) for b in hashes[:place]]
    assert min(distances) > 1.5 * NEAR_DUPLICATE_BITS


def test_duplicates_across_parts_are_refused(photographs):
    with pytest.raises(DatasetError, match=r"cat \(train: cat.png\) and copy \(test: copy.png\) are the same image"):
        refuse_duplicates(frame(("train", "cat", photographs["chelsea"]), ("test", "copy", photographs["chelsea"])))


def test_near_duplicates_across_parts_are_refused(photographs):
    smaller = np.asarray(Image.fromarray(photographs["chelsea"]).resize((200, 133)))
    with pytest.raises(DatasetError, match=r"are nearly the same image; .*Remove one"):
        refuse_duplicates(frame(("validation", "cat", photographs["chelsea"]), ("test", "small", smaller)))


def test_duplicates_within_a_part_and_plain_pictures_pass(photographs):
    plain = np.full((40, 40, 3), 200, np.uint8)
    refuse_duplicates(
        frame(
            ("train", "a", photographs["chelsea"]),
            ("train", "b", photographs["chelsea"]),
            ("test", "c", photographs["coins"]),
            ("test", "d", photographs["coins"]),
            ("train", "white", plain),
            ("test", "grey", plain // 2),
        )
    )
