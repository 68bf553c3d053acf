import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from srgan_lib.data import pairs
from srgan_lib.data.degrade import degrade
from srgan_lib.data.images import Photo, pixel_hash, read_image, write_image
from srgan_lib.data.pairs import load_pairs
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import DatasetError, find_photos
from srgan_lib.data.split import (
    NEAR_DUPLICATE_BITS,
    as_test_set,
    hash_distance,
    make_split,
    perceptual_hash,
    read_split,
    refuse_duplicates,
)
from srgan_lib.params.shared import Shared


@pytest.fixture
def folder(picture_folder):
    return picture_folder([f"{n:02}.png" for n in range(12)])


def shared(folder, **changes):
    return Shared(dataset="folder", image_folder=str(folder), **{"test_images": 3, "validation_images": 2, **changes})


def split_of(folder, crop=32, **changes):
    parameters = shared(folder, **changes)
    photos = find_photos("folder", scale=parameters.scale, image_folder=folder, lr_folder=parameters.lr_folder)
    return photos, make_split(photos, parameters, crop)


def test_builtin_split():
    photos = find_photos("builtin", scale=4)
    frame = make_split(photos, Shared(), 96)
    assert frame.split.value_counts().to_dict() == {"train": 10, "test": 5, "validation": 1}
    row = frame.set_index("image").loc["grace_hopper"]
    assert (row.width, row.height, row.split, row["mode"]) == (512, 600, "test", "RGB")
    assert row.path.endswith("sample_data/grace_hopper.jpg") and not row.path.startswith("/")


def test_split_is_drawn_from_the_seed(folder):
    _, frame = split_of(folder)
    assert frame.split.tolist() == ["train"] * 7 + ["validation"] * 2 + ["test"] * 3
    assert sorted(frame.image) == [f"{n:02}" for n in range(12)]
    pd.testing.assert_frame_equal(frame, split_of(folder)[1])
    assert set(frame.image[frame.split == "test"]) != set(split_of(folder, seed=1)[1].query("split == 'test'").image)


def test_split_seed_keeps_the_split_and_whole_images_of_another_seed(folder):
    photos, frame = split_of(folder)
    again = shared(folder, seed=1, split_seed=0, degradation="realistic")
    pd.testing.assert_frame_equal(split_of(folder, seed=1, split_seed=0)[1], frame)
    first = shared(folder, degradation="realistic")
    lr = [load_pairs(frame, photos, parameters, "test")[0].lr for parameters in (first, again)]
    np.testing.assert_array_equal(*lr)


def test_csv_round_trip_keeps_names_as_text(folder, tmp_path):
    photos, frame = split_of(folder)
    frame.to_csv(tmp_path / "split.csv", index=False)
    again = read_split(tmp_path / "split.csv")
    pd.testing.assert_frame_equal(again, frame)
    assert [pair.image for pair in load_pairs(again, photos, shared(folder), "test")] == again.image[9:].tolist()


def test_groups_default_to_single_photographs(folder):
    photos = [Photo(photo.image, photo.path) for photo in find_photos("folder", scale=4, image_folder=folder)]
    assert make_split(photos, shared(folder)).split.value_counts()["test"] == 3


def test_fewer_training_images_keep_the_same_test_images(folder):
    _, frame = split_of(folder)
    _, small = split_of(folder, train_images=2)
    assert (small.split == "train").sum() == 2
    assert small.image[small.split == "test"].tolist() == frame.image[frame.split == "test"].tolist()


def test_groups_stay_together(folder):
    photos = [
        replace(photo, group=str(int(photo.image) // 4))
        for photo in find_photos("folder", scale=4, image_folder=folder)
    ]
    for seed in range(6):
        frame = make_split(photos, shared(folder, seed=seed), 32)
        assert frame.groupby("group").split.nunique().max() == 1


def test_a_group_on_two_sides_is_refused(folder):
    photos = find_photos("folder", scale=4, image_folder=folder)
    photos[:2] = [replace(photos[0], group="scene", split="test"), replace(photos[1], group="scene")]
    with pytest.raises(DatasetError, match=r"group 'scene' \(00, 01\) is on two sides"):
        make_split(photos, shared(folder))


def test_unreadable_and_small_images_are_named_and_skipped(folder, picture, caplog):
    (folder / "broken.png").write_bytes(b"no image")
    write_image(folder / "tiny.png", picture(50, 20, 90))
    _, frame = split_of(folder)
    assert len(frame) == 12 and len(caplog.messages) == 2
    assert any("broken.png: cannot be read" in w for w in caplog.messages)
    assert any("tiny.png: its 90×20 pixels are smaller than the crop of 32×32" in w for w in caplog.messages)


def test_too_few_images(folder):
    with pytest.raises(
        DatasetError, match=r"no images left for train: of 12 found, 10 are for testing, 2 for validation"
    ):
        split_of(folder, test_images=10)


def test_image_size_below_the_crop(folder):
    with pytest.raises(DatasetError, match="image_size 24 is smaller than the crop of 32"):
        split_of(folder, image_size=24)


def test_duplicates_across_parts_are_refused_and_within_one_named(folder, caplog):
    original = read_image(folder / "03.png")
    write_image(folder / "copy.png", original)
    with pytest.raises(DatasetError, match="are the same image"):
        for seed in range(20):
            split_of(folder, seed=seed)
    for seed in range(20):
        try:
            split_of(folder, seed=seed)
        except DatasetError:
            continue
    assert "03, copy are the same image (train)" in caplog.messages


def test_as_test_set(folder, picture_folder):
    photos = find_photos("folder", scale=4, image_folder=folder)
    frame = make_split(as_test_set(photos), shared(folder))
    assert len(frame) == 12 and set(frame.split) == {"test"}
    builtin = as_test_set(find_photos("builtin", scale=4))
    assert len(builtin) == 5


def test_pairs_are_bicubic_and_multiples_of_the_scale(folder, picture):
    write_image(folder / "00.png", picture(99, 50, 67))
    photos, frame = split_of(folder)
    every = [
        pair for part in ("train", "validation", "test") for pair in load_pairs(frame, photos, shared(folder), part)
    ]
    assert sorted(pair.image for pair in every) == [f"{n:02}" for n in range(12)]
    for pair in every:
        whole = read_image(folder / f"{pair.image}.png")
        height, width = (side - side % 4 for side in whole.shape[:2])
        assert np.array_equal(pair.hr, whole[:height, :width])
        assert np.array_equal(pair.lr, imresize(pair.hr, 1 / 4)) and pair.lr.dtype == np.uint8


def test_mapped_pairs_equal_those_in_memory(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    photos, frame = split_of(folder)
    plain = load_pairs(frame, photos, shared(folder), "train")
    monkeypatch.setattr(pairs, "MEMORY_SHARE", 0)
    mapped = load_pairs(frame, photos, shared(folder), "train")
    for a, b in zip(plain, mapped, strict=True):
        assert np.array_equal(a.hr, b.hr) and np.array_equal(a.lr, b.lr)
    assert isinstance(_root(mapped[0].hr), np.memmap) and not isinstance(_root(plain[0].hr), np.memmap)


def _root(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def test_image_size_makes_squares(folder):
    photos, frame = split_of(folder, image_size=40)
    pair = load_pairs(frame, photos, shared(folder, image_size=40), "test")[0]
    whole = read_image(folder / f"{pair.image}.png")
    assert np.array_equal(pair.hr, imresize(whole, (40, 40))) and pair.lr.shape == (10, 10, 3)


def test_changed_image_is_refused(folder, picture):
    photos, frame = split_of(folder)
    write_image(folder / f"{frame.image[0]}.png", picture(77))
    with pytest.raises(DatasetError, match="has changed since the split was made"):
        load_pairs(frame, photos, shared(folder), "train")


def test_vanished_image_is_refused(folder):
    _, frame = split_of(folder)
    with pytest.raises(DatasetError, match="no longer in the dataset"):
        load_pairs(frame, [], shared(folder), "train")


def paired(folder, change=lambda lr: lr):
    for file in folder.iterdir():
        write_image(folder.parent / "lr" / file.name, change(imresize(read_image(file), 1 / 4, "float")))
    return shared(folder, lr_folder=str(folder.parent / "lr"))


def test_unreadable_lr_is_named_and_skipped(folder, caplog):
    parameters = paired(folder)
    (folder.parent / "lr" / "05.png").write_bytes(b"no image")
    _, frame = split_of(folder, lr_folder=parameters.lr_folder)
    assert len(frame) == 11 and len(caplog.messages) == 1 and "lr/05.png: cannot be read" in caplog.messages[0]


def test_lr_folder_and_image_size_exclude_each_other(folder):
    with pytest.raises(DatasetError, match="image_size resizes HR, so that the images of lr_folder no longer fit"):
        split_of(folder, lr_folder=paired(folder).lr_folder, image_size=40)


def test_lr_folder_is_read(folder):
    parameters = paired(folder, lambda lr: lr // 2)
    photos, frame = split_of(folder, lr_folder=parameters.lr_folder)
    assert (frame.lr_sha256 != "").all()
    for pair in load_pairs(frame, photos, parameters, "train"):
        assert np.array_equal(pair.lr, imresize(pair.hr, 1 / 4, "float") // 2)


def test_lr_of_another_scale_is_refused(folder):
    parameters = paired(folder, lambda lr: lr[:-2])
    photos, frame = split_of(folder, lr_folder=parameters.lr_folder)
    with pytest.raises(DatasetError, match=r"lr/\S+ is 16×10 pixels, but .* at 1/4 is 16×12"):
        load_pairs(frame, photos, parameters, "train")


def test_random_degradation_leaves_training_lr_to_the_crops(folder):
    parameters = shared(folder, degradation="realistic")
    photos, frame = split_of(folder)
    assert all(pair.lr is None for pair in load_pairs(frame, photos, parameters, "train"))
    first, again = (load_pairs(frame, photos, parameters, "test") for _ in range(2))
    assert all(np.array_equal(a.lr, b.lr) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].lr, degrade(first[0].hr, 4, "bicubic"))


def test_lr_of_another_picture_is_named(folder, caplog):
    parameters = paired(folder)
    lr = folder.parent / "lr"
    write_image(lr / "00.png", read_image(lr / "01.png"))
    photos, frame = split_of(folder, lr_folder=parameters.lr_folder)
    for part in ("train", "validation", "test"):
        load_pairs(frame, photos, parameters, part)
    assert len(caplog.messages) == 1 and "00.png does not look like" in caplog.messages[0]


def test_reduced_photographs(folder):
    """Sizes, hashes and pixels are those of the reduced photograph, and LR is made from it."""
    photos = [replace(photo, reduction=2) for photo in find_photos("folder", scale=4, image_folder=folder)]
    frame = make_split(photos, shared(folder), 16)
    assert (frame.width == 32).all() and (frame.height == 24).all()
    pair = load_pairs(frame, photos, shared(folder), "test")[0]
    path = next(photo.path for photo in photos if photo.image == pair.image)
    np.testing.assert_array_equal(pair.hr, imresize(read_image(path), 1 / 2))
    np.testing.assert_array_equal(pair.lr, imresize(pair.hr, 1 / 4))
    with pytest.raises(DatasetError, match="has changed since the split was made"):
        load_pairs(frame, [replace(photo, reduction=1) for photo in photos], shared(folder), "test")


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
