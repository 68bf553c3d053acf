"""Which SR file belongs to which HR image, whatever a program added to the name or cut off the size."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from srgan_lib.data.images import image_files
from srgan_lib.errors import InputError
from srgan_lib.formatting import shortlist

#: What data sets append to the names of HR files: ``img_001_SRF_4_HR``, ``0801x4``, ``baby-GT``.
_DECORATION = re.compile(r"(x\d|[_\-. ](SRF_?\d|x\d|HR|GT|original))+$", re.IGNORECASE)
#: How whatever a program appends to a name begins: ``baby_SRGAN``, ``babyx4_out``, ``baby (1)``.
_APPENDED = re.compile(r"[_\-. (]|x\d", re.IGNORECASE)


class FolderError(InputError):
    """Folders or images that do not fit together."""


def match_files(images: Sequence[str], folder: Path) -> dict[str, Path]:
    """Find the file of each image in a folder of results; files of other images may be there too.

    A file belongs to the image with the longest name that its own begins with.

    Raises
    ------
    FolderError
        If an image has no file, or more than one.
    """
    keys = {_DECORATION.sub("", image) or image: image for image in images}
    if len(keys) < len(images):
        keys = {image: image for image in images}
    found: dict[str, list[Path]] = {image: [] for image in images}
    for file in image_files(folder):
        if file.stem in found:
            found[file.stem].append(file)
        elif owners := [key for key in keys if _begins(file.stem, key)]:
            found[keys[max(owners, key=len)]].append(file)
    if missing := [image for image, files in found.items() if not files]:
        raise FolderError(
            f"{folder}: no file for {shortlist(missing)}; results must be named like the HR images "
            "(something like _SRGAN or x4 may follow)",
            path=folder,
        )
    if double := next((files for files in found.values() if len(files) > 1), None):
        raise FolderError(
            f"{folder}: {shortlist([file.name for file in double])} belong to one image; keep one, "
            "or put each method into a folder of its own",
            path=folder,
        )
    return {image: files[0] for image, files in found.items()}


def match_test_sets(folder: Path, images: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Path]]:
    """Find the file of each image of several test sets in a folder of results.

    Where it has a subfolder with a test set's name, that set's files are there.

    Parameters
    ----------
    images : names by dataset.

    Raises
    ------
    FolderError
        As :func:`match_files`, and where a file would serve images of two sets.
    """
    found: dict[str, dict[str, Path]] = {}
    for dataset, names in images.items():
        own = folder / dataset
        files = match_files(names, own if own.is_dir() else folder)
        if shared := {path for others in found.values() for path in others.values()}.intersection(files.values()):
            raise FolderError(
                f"{folder}: {shortlist(sorted(path.name for path in shared))} would be of {dataset} and of another test set; "
                "put each set's images into a subfolder of its name",
                path=folder,
            )
        found[dataset] = files
    return found


def align(sr: np.ndarray, hr: np.ndarray, file: Path, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut an SR and an HR image at the right and the bottom to the size they share.

    Programs differ in whether they drop the pixels beyond a multiple of the scale, so sizes may differ by less than it.

    Raises
    ------
    FolderError
        If they differ by more.
    """
    if any(abs(one - other) >= max(scale, 1) for one, other in zip(sr.shape[:2], hr.shape[:2], strict=True)):
        raise FolderError(
            f"{file} has {sr.shape[1]}×{sr.shape[0]} pixels and its HR image "
            f"{hr.shape[1]}×{hr.shape[0]}; results must be of the size of HR",
            path=file,
        )
    height, width = np.minimum(sr.shape[:2], hr.shape[:2])
    return sr[:height, :width], hr[:height, :width]


def _begins(stem: str, key: str) -> bool:
    return stem == key or (stem.startswith(key) and _APPENDED.match(stem, len(key)) is not None)
