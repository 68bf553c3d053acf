"""Assign photographs to training, validation and test, and refuse a picture that is in two of them."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from scipy.fft import dctn

from srgan_lib.csv_files import read_csv
from srgan_lib.data.folders import tell_pages
from srgan_lib.data.images import DatasetError, ImageError, Photo, Split, pixel_hash, read_image, read_photo
from srgan_lib.data.randomness import random_stream
from srgan_lib.formatting import printable
from srgan_lib.params.shared import Shared

PARTS: tuple[Split, ...] = ("train", "validation", "test")
HELD_OUT: tuple[Split, ...] = ("test", "validation")
COLUMNS = ("split", "image", "group", "width", "height", "mode", "sha256", "perceptual_hash", "lr_sha256", "path")
#: Two images are near-duplicates if at most this many of the 255 bits of their perceptual hashes
#: differ. Copies that were halved, made grey, brightened and compressed again differ in up to 10;
#: the two views of a stereo pair in 70; of 500 different BSDS photographs the closest two in 92.
NEAR_DUPLICATE_BITS = 40

#: Describes a photograph by (photo, shared, crop, root of paths), or gives None where it cannot be used.
Examine = Callable[[Photo, Shared, int, str], dict[str, Any] | None]

logger = logging.getLogger(__name__)


def make_split(photos: Sequence[Photo], shared: Shared, crop: int = 0) -> pd.DataFrame:
    """Put every photograph in train, validation or test, and record its size and hashes.

    What a set itself keeps for validation or test stays so. From the other photographs the seed draws, whole groups at
    a time, ``test_images`` and ``validation_images`` where the set has none of its own; the rest is for training, of
    which at most ``train_images`` are used. An image that cannot be read, or is smaller than the training crops of
    ``crop`` HR pixels, is named in a warning and skipped; doubles in one part are named in a warning. A DatasetError
    refuses an empty part, a group on two sides, or an image with a (near-)duplicate in another part.

    There is a row per image, with ``COLUMNS``: ``sha256`` is of the decoded RGB pixels, ``lr_sha256`` of the LR file's
    (empty if LR is made from HR), ``path`` is relative to the folder all share.
    """
    frame = pd.DataFrame(_assigned(photos, shared, crop, _examine), columns=COLUMNS)
    refuse_duplicates(frame)
    for _, twins in frame.groupby("sha256", sort=False):
        if len(twins) > 1:
            logger.warning("%s are the same image (%s)", ", ".join(twins.image), twins.split.iloc[0])
    used = set(frame.image)
    tell_pages(photo.path for photo in photos if photo.image in used)
    return frame


def foresee_split(photos: Sequence[Photo], shared: Shared, crop: int = 0) -> pd.DataFrame:
    """Tell from the files' headers alone how :func:`make_split` will assign photographs, if all can be read.

    The columns are split, image, width and height (as stored: a camera may say that they are to be turned). A
    DatasetError refuses an empty part.
    """
    return pd.DataFrame(_assigned(photos, shared, crop, _glance), columns=["split", "image", "width", "height"])


def read_split(path: Path) -> pd.DataFrame:
    """Read a split from its CSV; names such as 0001 stay text."""
    types = {column: int if column in ("width", "height") else str for column in COLUMNS}
    return read_csv(path, dtype=types, na_values=[])


def as_test_set(photos: Sequence[Photo]) -> list[Photo]:
    """Use a set as a test set: the photographs that it reserves for testing, or else all of them."""
    own = [photo for photo in photos if photo.split == "test"]
    return own or [replace(photo, split="test") for photo in photos]


def perceptual_hash(image: np.ndarray) -> str:
    """Compute a hash that is nearly equal for nearly equal pictures, as 64 hexadecimal digits.

    One bit for each of the lowest 16×16 frequencies (but the mean) of a 32×32 grey thumbnail's cosine transform:
    whether it is above their median. A picture without structure has no bits set.
    """
    thumbnail = Image.fromarray(image).convert("L").resize((32, 32), Image.Resampling.BOX)
    low = dctn(np.asarray(thumbnail, dtype=np.float64), norm="ortho")[:16, :16].ravel().round(6)
    bits = low > np.median(low[1:])
    bits[0] = False
    return np.packbits(bits).tobytes().hex()


def refuse_duplicates(frame: pd.DataFrame) -> None:
    """Refuse images that are, or nearly are, in two parts of a split, by a :class:`DatasetError` that names both.

    Near-duplicates are copies that were resized, compressed again, brightened or made grey. Rows of several splits may
    be concatenated, to hold a test set against training images.
    """
    rows: list[Any] = list(frame[["split", "image", "path", "sha256", "perceptual_hash"]].itertuples(index=False))
    for held_out in (row for row in rows if row.split != "train"):
        for other in (row for row in rows if row.split != held_out.split):
            hashes = held_out.perceptual_hash, other.perceptual_hash
            if held_out.sha256 == other.sha256:
                kind = "the same image"
            elif all(int(one, 16) for one in hashes) and hash_distance(*hashes) <= NEAR_DUPLICATE_BITS:
                kind = "nearly the same image"  # neither is without structure, which has no bits set
            else:
                continue
            raise DatasetError(
                f"{other.image} ({other.split}: {other.path}) and {held_out.image} ({held_out.split}: {held_out.path}) "
                f"are {kind}; a model must not be tested on what it was trained on. Remove one of them",
                path=other.path,
            )


def hash_distance(first: str, second: str) -> int:
    """Count the bits, of 255, in which two perceptual hashes differ; for unrelated pictures about 128."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def _assigned(photos: Sequence[Photo], shared: Shared, crop: int, examine: Examine) -> list[dict[str, Any]]:
    """List the split's rows, part by part in the order of the photographs."""
    if shared.image_size and shared.image_size < crop:
        raise DatasetError(f"image_size {shared.image_size} is smaller than the crop of {crop}; change one of them")
    if shared.image_size and shared.lr_folder:
        raise DatasetError(
            "image_size resizes HR, so that the images of lr_folder no longer fit; leave out one of them"
        )
    root = os.path.commonpath([photo.path.parent for photo in photos])
    places = {photo.image: place for place, photo in enumerate(photos)}
    rows = _assign(photos, shared, crop, root, examine)
    return sorted(rows, key=lambda row: (PARTS.index(row["split"]), places[row["image"]]))


def _assign(
    photos: Sequence[Photo], shared: Shared, crop: int, root: str, examine: Examine
) -> Iterator[dict[str, Any]]:
    """Yield the split's rows, reading no more files than are needed."""
    groups: dict[str, list[Photo]] = {}
    for photo in photos:
        groups.setdefault(photo.group or photo.image, []).append(photo)
    for name, members in groups.items():
        if len({photo.split for photo in members}) > 1:
            images = ", ".join(photo.image for photo in members)
            raise DatasetError(f"the group {name!r} ({images}) is on two sides of the set's own split")
    own = set(HELD_OUT) & {photo.split for photo in photos}
    limits: dict[Split, float] = {
        "test": math.inf if "test" in own else shared.test_images,
        "validation": math.inf if "validation" in own else shared.validation_images,
        "train": shared.train_images or math.inf,
    }
    count, unfit = dict.fromkeys(PARTS, 0), 0
    names = list(groups)
    for index in random_stream(shared.data_seed, "split").permutation(len(names)):
        members = groups[names[index]]
        given = members[0].split
        free: list[Split] = [part for part in HELD_OUT if part not in own and count[part] < limits[part]]
        part: Split = given if given and given in own else (free or PARTS)[0]
        for photo in members:
            if count[part] == limits[part]:
                break
            if row := examine(photo, shared, crop, root):
                count[part] += 1
                yield {"split": part, **row}
            else:
                unfit += 1
    needed = own if all(photo.split in own for photo in photos) else PARTS
    if missing := [part for part in needed if count[part] == 0]:
        small = f", and {unfit} cannot be used: smaller than the crop of {crop}×{crop}, or unreadable" if unfit else ""
        raise DatasetError(
            f"no images left for {' and '.join(missing)}: of {len(photos)} found, {count['test']} are for testing, "
            f"{count['validation']} for validation and {count['train']} for training{small}. Add images, or lower "
            f"test_images{', crop' if unfit else ''} or validation_images"
        )


def _least(shared: Shared, crop: int) -> int:
    """The pixels that a photograph needs per side: those of the crop and, where it is not resized, of one LR pixel."""
    return 1 if shared.image_size else max(crop, shared.scale)


def _glance(photo: Photo, shared: Shared, crop: int, _: str) -> dict[str, Any] | None:
    """Describe a photograph by its file's header; None if it cannot be used."""
    try:
        with Image.open(photo.path) as file:
            width, height = (-(-side // photo.reduction) for side in file.size)
    except Exception:  # whatever Pillow stumbles over
        return None
    fits = min(width, height) >= _least(shared, crop)
    return {"image": photo.image, "width": width, "height": height} if fits else None


def _examine(photo: Photo, shared: Shared, crop: int, root: str) -> dict[str, Any] | None:
    """Describe a photograph, by its path in ``root``; None, with a warning that names it, if it cannot be used."""
    try:
        image = read_photo(photo)
        lr_sha256 = pixel_hash(read_image(photo.lr_path)) if photo.lr_path else ""
    except ImageError as error:
        logger.warning("skipped %s: %s", os.path.relpath(error.path or photo.path, root), error.reason)
        return None
    path, (height, width) = printable(photo.path.relative_to(root).as_posix()), image.shape[:2]
    least = _least(shared, crop)
    if min(height, width) < least:
        small = "skipped %s: its %d×%d pixels are smaller than the crop of %d×%d"
        logger.warning(small, path, width, height, least, least)
        return None
    with Image.open(photo.path) as file:
        mode = file.mode
    return {
        "image": photo.image,
        "group": photo.group,
        "width": width,
        "height": height,
        "mode": mode,
        "sha256": pixel_hash(image),
        "perceptual_hash": perceptual_hash(image),
        "lr_sha256": lr_sha256,
        "path": path,
    }
