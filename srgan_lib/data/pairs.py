"""HR/LR pairs: decoding photographs, making or reading their LR images, and whether these belong to them."""

from __future__ import annotations

import logging
import math
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import psutil
from numpy.lib.stride_tricks import sliding_window_view

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
MEMORY_SHARE = 0.25  #: of this machine's memory, beyond which decoded images are held in a file
REACH = 3  #: LR pixels that shifts are searched in, each way
Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Pair:
    """An HR image and its LR image; equal to itself alone."""

    image: str  #: the photograph's name
    hr: np.ndarray  #: H×W×3 uint8, both sizes multiples of the scale
    lr: np.ndarray | None  #: (H/scale)×(W/scale)×3 uint8; None where it is random and drawn anew for each crop

    @property
    def given_lr(self) -> np.ndarray:
        """The LR image of a pair that has one, as all pairs for validation and testing do."""
        if self.lr is None:
            raise ValueError(f"{self.image}: has no LR image; it is degraded anew for each crop")
        return self.lr


def load_pairs(split: pd.DataFrame, photos: Sequence[Photo], shared: Shared, part: str) -> list[Pair]:
    """Decode one part (train, validation or test) of a split of the photographs, and make or read its LR images.

    Images are decoded once, in parallel, and held as uint8. A part that needs more than :data:`MEMORY_SHARE` is held in
    a temporary file in the user's cache and mapped into memory, so that the system keeps only what fits; the file goes
    with the process. An LR file that does not look like its HR image is named in a warning; a :class:`DatasetError`
    names an image that has changed since the split was made, or HR and LR whose sizes do not fit.
    """
    rows: list[Any] = list(split[split.split == part].itertuples(index=False))
    by_name = {photo.image: photo for photo in photos}
    if missing := [row.image for row in rows if row.image not in by_name]:
        names = ", ".join(missing[:5])
        raise DatasetError(f"{names}: in the split, but no longer in the dataset; run the data stage again")
    scale, square = shared.scale, shared.image_size
    has_lr = is_deterministic(shared.degradation) or part != "train" or shared.lr_folder is not None
    # LR files beside the photographs: one's own always, a named set's if they are what would be made.
    reads_lr = shared.lr_folder is not None or (shared.degradation == "bicubic" and not square)
    lr_shapes = [((square or row.height) // scale, (square or row.width) // scale, 3) for row in rows]
    lengths = [height * width * 3 * (scale**2 + has_lr) for height, width, _ in lr_shapes]
    ends = list(accumulate(lengths, initial=0))
    places = np.split(_allocate(ends[-1]), ends[1:])

    def load(row: Any, lr_shape: tuple[int, int, int], place: np.ndarray) -> Pair:
        photo, (height, width, _) = by_name[row.image], lr_shape
        image = _unchanged(read_photo(photo), row.sha256, photo.path)
        image = imresize(image, (square, square)) if square else image
        hr = place[: math.prod(lr_shape) * scale**2].reshape(height * scale, width * scale, 3)
        hr[:] = crop_to_multiple(image, scale)
        if not has_lr:
            return Pair(row.image, hr, None)
        lr = place[hr.size :].reshape(lr_shape)
        if reads_lr and photo.lr_path:
            lr[:] = _read_lr(row, photo.path, photo.lr_path, hr, scale)
        else:
            rng = random_stream(shared.data_seed, f"degradation of {row.image}")
            lr[:] = degrade(hr, scale, shared.degradation, shared.blur_sigma, rng)
        return Pair(row.image, hr, lr)

    with ThreadPoolExecutor() as pool:
        return list(pool.map(load, rows, lr_shapes, places))


def training_photos(shared: Shared) -> list[Photo]:
    """Find the photographs of a run's data set; nothing is decoded."""
    return find_photos(shared.dataset, scale=shared.scale, image_folder=shared.image_folder, lr_folder=shared.lr_folder)


def read_training_pairs(split_csv: Path, shared: Shared) -> tuple[list[Pair], list[Pair]]:
    """Load the pairs that train and those that validate by the data stage's ``split.csv``, as :func:`load_pairs`."""
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
    HR in this way passes by construction; the check is for LR from files. There is a row per pair that has an LR image:
    image, shift_rows, shift_columns (LR pixels; 0 is right) and difference (root mean square of the luminance, levels).
    """
    rows = [(pair.image, *_best_shift(pair.lr, imresize(pair.hr, 1 / scale))) for pair in pairs if pair.lr is not None]
    return pd.DataFrame(rows, columns=["image", "shift_rows", "shift_columns", "difference"])


def _best_shift(lr: np.ndarray, shrunk: np.ndarray) -> tuple[int, int, float]:
    """Return the (rows, columns) by which ``lr`` is shifted against ``shrunk``, and the remaining difference."""
    first, second = luminance(lr), luminance(shrunk)
    height, width = first.shape
    reach = min(REACH, (height - 1) // 2, (width - 1) // 2)
    inside = second[reach : height - reach, reach : width - reach]
    moved = sliding_window_view(first, inside.shape)
    reached = range(-reach, reach + 1)
    shifts = sorted(product(reached, reached), key=lambda shift: abs(shift[0]) + abs(shift[1]))
    errors = [np.sqrt(np.mean((moved[reach + rows, reach + columns] - inside) ** 2)) for rows, columns in shifts]
    best = int(np.argmin(errors))  # of equal ones the shortest shift
    return *shifts[best], float(errors[best])


def _unchanged(image: np.ndarray, sha256: str, path: Path) -> np.ndarray:
    if pixel_hash(image) != sha256:
        raise DatasetError(f"{path} has changed since the split was made; run the data stage again", path=path)
    return image


def _read_lr(row: Any, hr_path: Path, lr_path: Path, hr: np.ndarray, scale: int) -> np.ndarray:
    """Read an LR file, cut to the size that the cropped HR image asks for."""
    lr = _unchanged(read_image(lr_path), row.lr_sha256, lr_path)
    height, width = hr.shape[0] // scale, hr.shape[1] // scale
    if not (0 <= lr.shape[0] - height <= 1 and 0 <= lr.shape[1] - width <= 1):
        raise DatasetError(
            f"{lr_path} is {lr.shape[1]}×{lr.shape[0]} pixels, but {hr_path} ({row.width}×{row.height}) "
            f"at 1/{scale} is {width}×{height}; use the LR images made at this scale",
            path=lr_path,
        )
    lr = lr[:height, :width]
    likeness = resemblance(lr, imresize(hr, 1 / scale))
    if likeness < LEAST_RESEMBLANCE:
        doubt = "%s does not look like %s made small (correlation %.2f); check that they belong together"
        logger.warning(doubt, lr_path.name, hr_path.name, likeness)
    return lr


def _allocate(size: int) -> np.ndarray:
    """Allocate ``size`` bytes in memory or, beyond its share, in a file mapped into memory."""
    if size <= MEMORY_SHARE * psutil.virtual_memory().total:
        return np.empty(size, np.uint8)
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < size:
        remedy = "free some room, lower train_images, or set XDG_CACHE_HOME to a folder on a larger disk"
        raise DatasetError.at(folder, f"{size / 2**30:.1f} GiB of decoded images do not fit on this disk; {remedy}")
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.asarray(np.memmap(file, np.uint8, "w+", shape=(size,)))
