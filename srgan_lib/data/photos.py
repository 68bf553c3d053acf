"""A photograph on disk, and the error for those that cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from srgan_lib.errors import InputError

Split = Literal["train", "validation", "test"]


class DatasetError(InputError):
    """A dataset that cannot be found, fetched, paired or split, with what to do about it."""


@dataclass(frozen=True)
class Photo:
    """One photograph on disk.

    Attributes
    ----------
    image : name, unique in its set.
    path : the HR file.
    lr_path : the LR file that belongs to it, if LR is not made from HR.
    group : photographs of one scene share it and never sit on two sides of a split.
    split : where the set itself puts the photograph; None leaves it to the seed.
    reduction : the photograph is used at 1/reduction of its size.
    use_profile : False where published figures were computed on the stored numbers, without the ICC profile.
    """

    image: str
    path: Path
    lr_path: Path | None = None
    group: str = ""
    split: Split | None = None
    reduction: int = 1
    use_profile: bool = True
