"""The HR/LR pairs of a run's split, as its notebooks read them."""

from __future__ import annotations

from pathlib import Path

from srgan_lib.data.images import Photo
from srgan_lib.data.pairs import Pair, load_pairs
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import read_split
from srgan_lib.params.shared import Shared


def training_photos(shared: Shared) -> list[Photo]:
    """Find the photographs of a run's data set; nothing is decoded."""
    return find_photos(shared.dataset, scale=shared.scale, image_folder=shared.image_folder, lr_folder=shared.lr_folder)


def read_training_pairs(split_csv: Path, shared: Shared) -> tuple[list[Pair], list[Pair]]:
    """Load the pairs that train and those that validate; warnings as of :func:`~srgan_lib.data.pairs.load_pairs`.

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
