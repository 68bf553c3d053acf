"""Who trains, who validates, who tests; and the HR/LR pairs of each part."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from srgan_lib.data.alignment import resemblance
from srgan_lib.data.degrade import degrade, is_deterministic
from srgan_lib.data.downloads import cache_folder
from srgan_lib.data.duplicates import perceptual_hash, pixel_hash, refuse_duplicates
from srgan_lib.data.images import ImageError, crop_to_multiple, image_mode, read_image
from srgan_lib.data.randomness import random_stream
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import DatasetError, Photo
from srgan_lib.params import Shared

PARTS = ("train", "validation", "test")
COLUMNS = ("split", "image", "group", "width", "height", "mode", "sha256", "perceptual_hash", "lr_sha256", "path")

LEAST_RESEMBLANCE = 0.7  #: correlation of an LR file with its HR image made small, below which a warning is due

Warn = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Pair:
    """An HR image and its LR image; equal to itself alone.

    Attributes
    ----------
    image : the photograph's name.
    hr : H×W×3 uint8, both sizes multiples of the scale.
    lr : (H/scale)×(W/scale)×3 uint8; None where the degradation is random and each crop gets its own.
    """

    image: str
    hr: np.ndarray
    lr: np.ndarray | None


def make_split(photos: Sequence[Photo], shared: Shared, on_warning: Warn, crop: int = 0) -> pd.DataFrame:
    """Put every photograph in train, validation or test, and record its size and hashes.

    What a set itself keeps for validation or test stays so. From the other photographs the seed
    draws, whole groups at a time, ``test_images`` and ``validation_images`` where the set has none
    of its own; the rest is for training, of which at most ``train_images`` are used. An image that
    cannot be read, or is too small, is named in a warning and skipped.

    Parameters
    ----------
    photos : what :func:`srgan_lib.data.sources.find_photos` found.
    shared : the shared parameters (seed, numbers of images, image_size).
    on_warning : called with one sentence per image that is skipped or double.
    crop : side of the training crops in HR pixels; smaller images are skipped.

    Returns
    -------
    One row per image, columns ``COLUMNS``: ``sha256`` is of the decoded RGB pixels, ``lr_sha256`` of
    the LR file's (empty if LR is made from HR), ``path`` is relative to the folder all share.

    Raises
    ------
    DatasetError
        If a part would be empty, a group is on two sides, or an image has a (near-)duplicate in
        another part.
    """
    if shared.image_size and shared.image_size < crop:
        raise DatasetError(f"image_size {shared.image_size} is smaller than the crop of {crop}; change one of them")
    if shared.image_size and shared.lr_folder:
        raise DatasetError(
            "image_size resizes HR, so that the images of lr_folder no longer fit; leave out one of them"
        )
    root = os.path.commonpath([photo.path.parent for photo in photos])
    places = {photo.image: place for place, photo in enumerate(photos)}
    assigned = sorted(
        _assign(photos, shared, on_warning, crop), key=lambda row: (PARTS.index(row[0]), places[row[1].image])
    )
    rows = [
        {
            "split": part,
            "image": photo.image,
            "group": photo.group,
            **facts,
            "path": photo.path.relative_to(root).as_posix(),
        }
        for part, photo, facts in assigned
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    refuse_duplicates(frame)
    for _, twins in frame.groupby("sha256", sort=False):
        if len(twins) > 1:
            on_warning(f"{', '.join(twins.image)} are the same image ({twins.split.iloc[0]})")
    return frame


def read_split(path: Path) -> pd.DataFrame:
    """Read a split from its CSV; names such as 0001 stay text."""
    types = {column: int if column in ("width", "height") else str for column in COLUMNS}
    return pd.read_csv(path, dtype=types, keep_default_na=False)


def as_test_set(photos: Sequence[Photo]) -> list[Photo]:
    """A set as a test set: the photographs it keeps for testing itself, else all of them."""
    own = [photo for photo in photos if photo.split == "test"]
    return own or [replace(photo, split="test") for photo in photos]


def load_pairs(
    split: pd.DataFrame,
    photos: Sequence[Photo],
    shared: Shared,
    part: str,
    on_warning: Warn,
    *,
    memory_share: float = 0.25,
) -> list[Pair]:
    """Decode one part of a split and make or read its LR images.

    Images are decoded once, in parallel, and held as uint8. A part that needs more than
    ``memory_share`` of this machine's memory is held in a temporary file in the user's cache and
    mapped into memory, so that the system keeps only what fits; the file goes with the process.

    Parameters
    ----------
    split : what :func:`make_split` or :func:`read_split` returned.
    photos : the same photographs.
    shared : the shared parameters (scale, degradation, blur_sigma, image_size, seed, lr_folder).
    part : train, validation or test.
    on_warning : called with one sentence per LR file that does not look like its HR image.

    Raises
    ------
    DatasetError
        If an image has changed since the split was made, or HR and LR sizes do not fit.
    """
    rows = list(split[split.split == part].itertuples(index=False))
    by_name = {photo.image: photo for photo in photos}
    if missing := [row.image for row in rows if row.image not in by_name]:
        names = ", ".join(missing[:5])
        raise DatasetError(f"{names}: in the split, but no longer in the dataset; run the data stage again")
    sizes = [_sizes(row, shared) for row in rows]
    makes_lr = is_deterministic(shared.degradation) or part != "train" or shared.lr_folder is not None
    lengths = [3 * h * w * (1 + makes_lr / shared.scale**2) for h, w in sizes]
    ends = list(accumulate(map(int, lengths), initial=0))
    pixels = _allocate(ends[-1], memory_share)

    def load(place: int) -> Pair:
        row, (height, width), scale = rows[place], sizes[place], shared.scale
        photo = by_name[row.image]
        hr = pixels[ends[place] :][: 3 * height * width].reshape(height, width, 3)
        hr[:] = crop_to_multiple(_read_hr(row, photo, shared), scale)
        if not makes_lr:
            return Pair(row.image, hr, None)
        lr = pixels[ends[place] + hr.size : ends[place + 1]].reshape(height // scale, width // scale, 3)
        lr[:] = _read_lr(row, photo, hr, shared, on_warning) if _has_lr(photo, shared) else _make_lr(row, hr, shared)
        return Pair(row.image, hr, lr)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(load, range(len(rows))))


def _assign(
    photos: Sequence[Photo], shared: Shared, on_warning: Warn, crop: int
) -> Iterator[tuple[str, Photo, dict[str, Any]]]:
    """Yield (part, photograph, its sizes and hashes), reading no more files than are needed."""
    groups: dict[str, list[Photo]] = {}
    for photo in photos:
        groups.setdefault(photo.group or photo.image, []).append(photo)
    for name, members in groups.items():
        if len({photo.split for photo in members}) > 1:
            images = ", ".join(photo.image for photo in members)
            raise DatasetError(f"the group {name!r} ({images}) is on two sides of the set's own split")
    own = {photo.split for photo in photos} & {"test", "validation"}
    limits = {"test": shared.test_images, "validation": shared.validation_images, "train": shared.train_images}
    limits = {part: None if part in own else limit for part, limit in limits.items()}
    count = dict.fromkeys(PARTS, 0)
    names = list(groups)
    for place in random_stream(shared.seed, "split").permutation(len(names)):
        members = groups[names[place]]
        part = members[0].split
        if part not in own:
            part = next((p for p in ("test", "validation") if p not in own and count[p] < limits[p]), "train")
        for photo in members:
            if count[part] == limits[part]:
                break
            facts = _examine(photo, shared, on_warning, crop)
            if facts is not None:
                count[part] += 1
                yield part, photo, facts
    needed = own if all(photo.split in own for photo in photos) else PARTS
    if missing := [part for part in needed if count[part] == 0]:
        raise DatasetError(
            f"no images left for {' and '.join(missing)}: of {len(photos)} found, {count['test']} are for testing, "
            f"{count['validation']} for validation and {count['train']} for training. Add images, or lower test_images "
            "or validation_images"
        )


def _examine(photo: Photo, shared: Shared, on_warning: Warn, crop: int) -> dict[str, Any] | None:
    """A photograph's sizes and hashes; None, with a warning, if it is of no use."""
    try:
        image = read_image(photo.path)
        lr_sha256 = pixel_hash(read_image(photo.lr_path)) if photo.lr_path else ""
    except ImageError as error:
        on_warning(f"skipped {error}")
        return None
    height, width = image.shape[:2]
    least = max(crop, shared.scale)
    if shared.image_size is None and min(height, width) < least:
        on_warning(f"skipped {photo.path}: its {width}×{height} pixels are smaller than the crop of {least}×{least}")
        return None
    return {
        "width": width,
        "height": height,
        "mode": image_mode(photo.path),
        "sha256": pixel_hash(image),
        "perceptual_hash": perceptual_hash(image),
        "lr_sha256": lr_sha256,
    }


def _sizes(row: Any, shared: Shared) -> tuple[int, int]:
    """Height and width of the HR image as used."""
    height, width = (shared.image_size,) * 2 if shared.image_size else (row.height, row.width)
    return height - height % shared.scale, width - width % shared.scale


def _read_hr(row: Any, photo: Photo, shared: Shared) -> np.ndarray:
    image = _read_unchanged(photo.path, row.sha256)
    return imresize(image, (shared.image_size,) * 2) if shared.image_size else image


def _read_unchanged(path: Path, sha256: str) -> np.ndarray:
    image = read_image(path)
    if pixel_hash(image) != sha256:
        raise DatasetError(f"{path} has changed since the split was made; run the data stage again")
    return image


def _make_lr(row: Any, hr: np.ndarray, shared: Shared) -> np.ndarray:
    rng = random_stream(shared.seed, f"degradation of {row.image}")
    return degrade(hr, shared.scale, shared.degradation, shared.blur_sigma, rng)


def _has_lr(photo: Photo, shared: Shared) -> bool:
    """Whether the LR file beside a photograph is its LR image: one's own always, a named set's if bicubic."""
    is_wanted = shared.lr_folder is not None or (shared.degradation == "bicubic" and not shared.image_size)
    return photo.lr_path is not None and is_wanted


def _read_lr(row: Any, photo: Photo, hr: np.ndarray, shared: Shared, on_warning: Warn) -> np.ndarray:
    lr = _read_unchanged(photo.lr_path, row.lr_sha256)
    height, width = hr.shape[0] // shared.scale, hr.shape[1] // shared.scale
    if not (0 <= lr.shape[0] - height <= 1 and 0 <= lr.shape[1] - width <= 1):
        raise DatasetError(
            f"{photo.lr_path} is {lr.shape[1]}×{lr.shape[0]} pixels, but {photo.path} ({row.width}×{row.height}) "
            f"at 1/{shared.scale} is {width}×{height}; use the LR images made at this scale"
        )
    lr = lr[:height, :width]
    likeness = resemblance(lr, imresize(hr, 1 / shared.scale))
    if likeness < LEAST_RESEMBLANCE:
        on_warning(
            f"{photo.lr_path} does not look like {photo.path} made small (correlation {likeness:.2f}); "
            "check that they belong together"
        )
    return lr


def _allocate(size: int, memory_share: float) -> np.ndarray:
    """Room for ``size`` bytes: in memory, or beyond its share in a file mapped into memory."""
    if size <= memory_share * psutil.virtual_memory().total:
        return np.empty(size, np.uint8)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size:
        raise DatasetError(
            f"{folder}: {size / 2**30:.1f} GiB of decoded images do not fit on this disk; free some room, lower "
            "train_images, or set XDG_CACHE_HOME to a folder on a larger disk"
        )
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.asarray(np.memmap(file, np.uint8, "w+", shape=(size,)))
