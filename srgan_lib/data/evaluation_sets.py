"""Test images: the split's own test part and named sets; on request other parts of the split.

None of them may have been trained on: each training keeps the hashes of its images, against which they are held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from srgan_lib.csv_files import read_csv, write_csv
from srgan_lib.data.images import DatasetError, Photo
from srgan_lib.data.pairs import Pair, evenly_spaced, load_pairs
from srgan_lib.data.sources import find_photos
from srgan_lib.data.split import as_test_set, make_split, read_split, refuse_duplicates
from srgan_lib.log import muted
from srgan_lib.params.evaluation import HELDOUT, TRAINING, VALIDATION
from srgan_lib.params.shared import Shared


def load_test_sets(
    names: Sequence[str], split: pd.DataFrame, photos: Sequence[Photo], shared: Shared, trained: pd.DataFrame
) -> dict[str, list[Pair]]:
    """Load test sets by name, as pairs by dataset in the order of the names; skipped images are named in warnings.

    A :class:`DatasetError` refuses a set that cannot be had, or has an image that is, or nearly is, among the training
    images; ``training`` alone is made of these.

    Parameters
    ----------
    names : ``heldout``, which is the test part of the training set and goes by that set's name; ``training``, which is
        as many training images; ``validation``, which is all validation images; or named sets.
    split, photos : of the training set.
    trained : the images that the networks to judge were trained on, as :func:`read_trained` reads them.
    """
    sets = {}
    for name in names:
        dataset, rows, own, at_size = _choose(name, split, photos, shared)
        if name != TRAINING:
            _refuse_trained(rows, trained[trained.split == "train"] if name == VALIDATION else trained)
        sets[dataset] = load_pairs(rows, own, at_size, "test")
    return sets


def check_test_sets(
    names: Sequence[str], split: pd.DataFrame, shared: Shared, make: Callable[..., pd.DataFrame] = make_split
) -> dict[str, pd.DataFrame]:
    """Give the images' rows by dataset, and make sure, before hours of training, that the sets are there and unseen.

    Raises as :func:`load_test_sets`, which also looks at what was trained on; warnings are left to that. With ``make``
    as :func:`foresee_split`, by which the split was made too, only headers are read, and doubles are not looked for.
    """
    with muted():
        chosen = [_choose(name, split, [], shared, make) for name in names]
    return {dataset: rows for dataset, rows, _, _ in chosen}


def record_trained(split_csv: Path, directory: Path) -> None:
    """Write ``trained_on.csv``: split (train or validation), name and SHA-256 of the pixels of each image.

    They are those of the split by which the images were loaded; ``directory`` is of the stage that trains.
    """
    split = read_split(split_csv)
    seen = split.loc[split.split != "test", ["split", "image", "sha256"]]
    write_csv(directory / "trained_on.csv", seen)


def read_trained(files: Iterable[Path]) -> pd.DataFrame:
    """Read what :func:`record_trained` wrote for each of several trainings, as rows split, image and sha256."""
    return pd.concat([read_csv(file) for file in files], ignore_index=True)


def _refuse_trained(judging: pd.DataFrame, trained: pd.DataFrame) -> None:
    """Refuse test images that a training has seen, whatever the split says by now; the first is named."""
    seen = trained[trained.sha256.isin(judging.sha256)]
    if seen.empty:
        return
    row = seen.iloc[0]
    image = judging.image[judging.sha256 == row.sha256].iloc[0]
    raise DatasetError(
        f"{image} is to judge networks that were trained with it ({row.image}, in their {row.split} part): the split "
        "has changed since. Compute the run again from stage 'data', or add 'training' to evaluation.test_sets for "
        "scores on training images"
    )


def _choose(
    name: str,
    split: pd.DataFrame,
    photos: Sequence[Photo],
    shared: Shared,
    make: Callable[..., pd.DataFrame] = make_split,
) -> tuple[str, pd.DataFrame, Sequence[Photo], Shared]:
    """Find one test set: its name in tables, images as a test part, and photographs and parameters to load them by."""
    if name == HELDOUT:
        return shared.dataset, split[split.split == "test"], photos, shared
    if name == VALIDATION:
        return name, split[split.split == "validation"].assign(split="test"), photos, shared
    if name == TRAINING:
        rows = split[split.split == "train"]
        chosen = evenly_spaced(range(len(rows)), (split.split == "test").sum())
        return name, rows.iloc[chosen].assign(split="test"), photos, shared
    own = as_test_set(find_photos(name, scale=shared.scale))
    at_own_size = shared.model_copy(update={"image_size": None})  # scores in the literature are of images as they are
    rows = make(own, at_own_size)
    if make is make_split:
        refuse_duplicates(pd.concat([split[split.split != "test"], rows], ignore_index=True))
    return name, rows, own, at_own_size
