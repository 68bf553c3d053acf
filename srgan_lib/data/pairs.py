"""HR/LR pairs: decoding photographs, making or reading their LR images, and whether these belong to them."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import psutil

from srgan_lib.data.degrade import degrade, is_deterministic
from srgan_lib.data.images import DatasetError, Photo, crop_to_multiple, pixel_hash, read_image, read_photo
from srgan_lib.data.levels import luminance
from srgan_lib.data.randomness import random_stream
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import read_split
from srgan_lib.layout import cache_folder
from srgan_lib.params.shared import Shared

logger = logging.getLogger(__name__)

LEAST_RESEMBLANCE = 0.7  #: correlation of an LR file with its HR image made small, below which a warning is due
REACH = 3  #: LR pixels that shifts are searched in, each way
Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Pair:
    """An HR image and its LR image; equal to itself alone.

    Attributes
    ----------
    image : the photograph's name.
    hr : H×W×3 uint8, both sizes multiples of the scale.
    lr : (H/scale)×(W/scale)×3 uint8; None where the degradation is random and drawn anew for each crop.
    """

    image: str
    hr: np.ndarray
    lr: np.ndarray | None

    @property
    def given_lr(self) -> np.ndarray:
        """The LR image of a pair that has one, as all pairs for validation and testing do."""
        if self.lr is None:
            raise ValueError(f"{self.image}: has no LR image; it is degraded anew for each crop")
        return self.lr


def load_pairs(
    split: pd.DataFrame,
    photos: Sequence[Photo],
    shared: Shared,
    part: str,
    *,
    memory_share: float = 0.25,
) -> list[Pair]:
    """Decode one part of a split and make or read its LR images.

    Images are decoded once, in parallel, and held as uint8. A part that needs more than
    ``memory_share`` of this machine's memory is held in a temporary file in the user's cache and
    mapped into memory, so that the system keeps only what fits; the file goes with the process. An LR
    file that does not look like its HR image is named in a warning.

    Parameters
    ----------
    split : what :func:`srgan_lib.data.split.make_split` or :func:`~srgan_lib.data.split.read_split` returned.
    photos : the same photographs.
    shared : the shared parameters (scale, degradation, blur_sigma, image_size, data_seed, lr_folder).
    part : train, validation or test.

    Raises
    ------
    DatasetError
        If an image has changed since the split was made, or HR and LR sizes do not fit.
    """
    rows: list[Any] = list(split[split.split == part].itertuples(index=False))
    by_name = {photo.image: photo for photo in photos}
    if missing := [row.image for row in rows if row.image not in by_name]:
        names = ", ".join(missing[:5])
        raise DatasetError(f"{names}: in the split, but no longer in the dataset; run the data stage again")
    sizes = [_sizes(row, shared) for row in rows]
    makes_lr = is_deterministic(shared.degradation) or part != "train" or shared.lr_folder is not None
    lengths = [3 * h * w * (1 + makes_lr / shared.scale**2) for h, w in sizes]
    ends = list(accumulate(map(int, lengths), initial=0))
    pixels = _allocate(ends[-1], memory_share)

    def load(index: int) -> Pair:
        row, (height, width), scale = rows[index], sizes[index], shared.scale
        photo = by_name[row.image]
        hr = pixels[ends[index] :][: 3 * height * width].reshape(height, width, 3)
        hr[:] = crop_to_multiple(_read_hr(row, photo, shared), scale)
        if not makes_lr:
            return Pair(row.image, hr, None)
        lr = pixels[ends[index] + hr.size : ends[index + 1]].reshape(height // scale, width // scale, 3)
        lr_path = _lr_path(photo, shared)
        lr[:] = _read_lr(row, photo, lr_path, hr, shared) if lr_path else _make_lr(row, hr, shared)
        return Pair(row.image, hr, lr)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(load, range(len(rows))))


def training_photos(shared: Shared) -> list[Photo]:
    """Find the photographs of a run's data set; nothing is decoded."""
    return find_photos(shared.dataset, scale=shared.scale, image_folder=shared.image_folder, lr_folder=shared.lr_folder)


def read_training_pairs(split_csv: Path, shared: Shared) -> tuple[list[Pair], list[Pair]]:
    """Load the pairs that train and those that validate; warnings as of :func:`load_pairs`.

    Parameters
    ----------
    split_csv : the data stage's ``split.csv``.
    shared : the shared parameters.

    Raises
    ------
    DatasetError
        If an image has changed since the split was made, or HR and LR sizes do not fit.
    """
    split = read_split(split_csv)
    photos = training_photos(shared)
    train, validation = (load_pairs(split, photos, shared, part) for part in ("train", "validation"))
    return train, validation


def evenly_spaced(items: Sequence[Item], count: int) -> list[Item]:
    """Choose ``count`` of the items (or all), evenly from the first to the last, in their order."""
    places = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[place] for place in places]


def resemblance(lr: np.ndarray, shrunk: np.ndarray) -> float:
    """Correlate the luminance of two images, from -1 to 1; 1 if either has no structure."""
    first, second = luminance(lr), luminance(shrunk)
    if np.ptp(first) < 1 or np.ptp(second) < 1:
        return 1.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def check_alignment(pairs: Sequence[Pair], scale: int) -> pd.DataFrame:
    """Find the shift at which each LR image fits its HR image best, and the remaining difference.

    HR is shrunk with MATLAB's bicubic and compared with LR at every shift of up to 3 LR pixels. LR that was made from
    HR in this way passes by construction; the check is for LR from files.

    Returns
    -------
    One row per pair that has an LR image: image, shift_rows, shift_columns (LR pixels; 0 is right) and
    difference (root mean square of the luminance, in levels).
    """
    rows = [(pair.image, *best_shift(pair.lr, imresize(pair.hr, 1 / scale))) for pair in pairs if pair.lr is not None]
    return pd.DataFrame(rows, columns=["image", "shift_rows", "shift_columns", "difference"])


def best_shift(lr: np.ndarray, shrunk: np.ndarray) -> tuple[int, int, float]:
    """Return the (rows, columns) by which ``lr`` is shifted against ``shrunk``, and the remaining difference."""
    first, second = luminance(lr), luminance(shrunk)
    height, width = first.shape
    reach = min(REACH, (height - 1) // 2, (width - 1) // 2)
    inside = second[reach : height - reach, reach : width - reach]

    def difference(shift: tuple[int, int]) -> float:
        top, left = reach + shift[0], reach + shift[1]
        moved = first[top : top + inside.shape[0], left : left + inside.shape[1]]
        return float(np.sqrt(np.mean((moved - inside) ** 2)))

    shifts = [(rows, columns) for rows in range(-reach, reach + 1) for columns in range(-reach, reach + 1)]
    best = min(sorted(shifts, key=lambda shift: abs(shift[0]) + abs(shift[1])), key=difference)
    return *best, difference(best)


def _sizes(row: Any, shared: Shared) -> tuple[int, int]:
    """Compute height and width of the HR image as used."""
    height, width = (shared.image_size,) * 2 if shared.image_size else (row.height, row.width)
    return height - height % shared.scale, width - width % shared.scale


def _read_hr(row: Any, photo: Photo, shared: Shared) -> np.ndarray:
    image = _unchanged(read_photo(photo), row.sha256, photo.path)
    return imresize(image, (shared.image_size, shared.image_size)) if shared.image_size else image


def _unchanged(image: np.ndarray, sha256: str, path: Path) -> np.ndarray:
    if pixel_hash(image) != sha256:
        raise DatasetError(f"{path} has changed since the split was made; run the data stage again", path=path)
    return image


def _make_lr(row: Any, hr: np.ndarray, shared: Shared) -> np.ndarray:
    rng = random_stream(shared.data_seed, f"degradation of {row.image}")
    return degrade(hr, shared.scale, shared.degradation, shared.blur_sigma, rng)


def _lr_path(photo: Photo, shared: Shared) -> Path | None:
    """Find the LR file beside a photograph, if it is its LR image: one's own always, a named set's if bicubic."""
    is_wanted = shared.lr_folder is not None or (shared.degradation == "bicubic" and not shared.image_size)
    return photo.lr_path if is_wanted else None


def _read_lr(row: Any, photo: Photo, lr_path: Path, hr: np.ndarray, shared: Shared) -> np.ndarray:
    lr = _unchanged(read_image(lr_path), row.lr_sha256, lr_path)
    height, width = hr.shape[0] // shared.scale, hr.shape[1] // shared.scale
    if not (0 <= lr.shape[0] - height <= 1 and 0 <= lr.shape[1] - width <= 1):
        raise DatasetError(
            f"{lr_path} is {lr.shape[1]}×{lr.shape[0]} pixels, but {photo.path} ({row.width}×{row.height}) "
            f"at 1/{shared.scale} is {width}×{height}; use the LR images made at this scale",
            path=lr_path,
        )
    lr = lr[:height, :width]
    likeness = resemblance(lr, imresize(hr, 1 / shared.scale))
    if likeness < LEAST_RESEMBLANCE:
        logger.warning(
            "%s does not look like %s made small (correlation %.2f); check that they belong together",
            lr_path.name,
            photo.path.name,
            likeness,
        )
    return lr


def _allocate(size: int, memory_share: float) -> np.ndarray:
    """Allocate ``size`` bytes in memory or, beyond its share, in a file mapped into memory."""
    if size <= memory_share * psutil.virtual_memory().total:
        return np.empty(size, np.uint8)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size:
        raise DatasetError(
            f"{folder}: {size / 2**30:.1f} GiB of decoded images do not fit on this disk; free some room, lower "
            "train_images, or set XDG_CACHE_HOME to a folder on a larger disk",
            path=folder,
        )
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.asarray(np.memmap(file, np.uint8, "w+", shape=(size,)))
