"""Keep the hashes of the images that a network was trained on, so that none of them ever judges it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from srgan_lib.data.images import DatasetError
from srgan_lib.data.split import read_split
from srgan_lib.files import write_atomic


def record_trained(split_csv: Path, directory: Path) -> None:
    """Write ``trained_on.csv``: split (train or validation), name and SHA-256 of the pixels of each image.

    Parameters
    ----------
    split_csv : by which the images were loaded, which are then those of its hashes.
    directory : of the stage that trains.
    """
    split = read_split(split_csv)
    seen = split.loc[split.split != "test", ["split", "image", "sha256"]]
    write_atomic(directory / "trained_on.csv", seen.to_csv(index=False, lineterminator="\n"))


def read_trained(files: Iterable[Path]) -> pd.DataFrame:
    """Read what :func:`record_trained` wrote for each of several trainings, as rows split, image and sha256."""
    return pd.concat([pd.read_csv(file, dtype=str) for file in files], ignore_index=True)


def refuse_trained(judging: pd.DataFrame, trained: pd.DataFrame) -> None:
    """Refuse test images that a training has seen, whatever the split says by now.

    Parameters
    ----------
    judging : columns image and sha256.
    trained : as of :func:`read_trained`.

    Raises
    ------
    DatasetError
        Naming the first such image.
    """
    seen = trained[trained.sha256.isin(judging.sha256)]
    if seen.empty:
        return
    row = seen.iloc[0]
    image = judging.image[judging.sha256 == row.sha256].iloc[0]
    raise DatasetError(
        f"{image} is to judge networks that were trained with it ({row.image}, in their {row.split} part): the split has "
        "changed since. Compute the run again from stage 'data', or add 'training' to evaluation.test_sets for scores on "
        "training images"
    )
