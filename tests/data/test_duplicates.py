import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from srgan_lib.data.duplicates import NEAR_DUPLICATE_BITS, hash_distance, perceptual_hash, refuse_duplicates
from srgan_lib.data.images import pixel_hash, read_image
from srgan_lib.data.sources import DatasetError, find_photos
from srgan_lib.data.split import as_test_set, make_split
from srgan_lib.params.shared import Shared


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


@pytest.mark.slow
@pytest.mark.parametrize("judged", ["Set5", "BSD100", "builtin"])
@pytest.mark.parametrize(("learned_from", "count"), [("bsds400", 399), ("imagenet1000", 1000)])
def test_what_the_reference_models_learned_from_judges_nothing(learned_from, count, judged):
    """No image that the reference models learned from is, or nearly is, in a set that they are judged on."""
    for name in (learned_from, judged):
        if name != "builtin" and not (Path(os.environ.get("SRGAN_DATA", "nowhere")) / name).is_dir():
            pytest.skip(f"set SRGAN_DATA to a folder that has {name}")
    learned, held_out = (
        make_split(photos, Shared())
        for photos in (find_photos(learned_from, scale=4), as_test_set(find_photos(judged, scale=4)))
    )
    assert len(learned) == count and set(held_out.split) == {"test"}
    refuse_duplicates(pd.concat([learned.assign(split="train"), held_out]))

    again = held_out.head(1).assign(split="train")
    with pytest.raises(DatasetError, match="the same image"):
        refuse_duplicates(pd.concat([learned.assign(split="train"), again, held_out]))
