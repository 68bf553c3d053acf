"""Finding photographs by name: the built-in ones, a folder, and the field's named sets.

A named set is looked for under ``$SRGAN_DATA``, then in the user's cache, where
:func:`srgan_lib.data.named_sets.fetch_set` puts it. In both places it may be laid out as

    NAME/HR/*.png and, if there are any, NAME/LRx4/*.png
    NAME/<the set's own folders>/*.png     such as DIV2K/DIV2K_train_HR
    NAME/*.png
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from srgan_lib.data.folders import image_files, image_name, tell_left_out
from srgan_lib.data.images import KINDS, DatasetError, Photo, Split
from srgan_lib.data.named_sets import SETS, NamedSet, Part
from srgan_lib.formatting import printable, shortlist, size_text
from srgan_lib.layout import cache_folder

#: scikit-image's and matplotlib's bundled photographs: name -> (package, file, part of the split).
BUILTIN: dict[str, tuple[str, str, Split]] = {
    "hubble_deep_field": ("skimage", "hubble_deep_field.jpg", "train"),
    "immunohistochemistry": ("skimage", "ihc.png", "train"),
    "retina": ("skimage", "retina.jpg", "train"),
    "motorcycle_left": ("skimage", "motorcycle_left.png", "train"),
    "motorcycle_right": ("skimage", "motorcycle_right.png", "train"),
    "brick": ("skimage", "brick.png", "train"),
    "grass": ("skimage", "grass.png", "train"),
    "gravel": ("skimage", "gravel.png", "train"),
    "coins": ("skimage", "coins.png", "train"),
    "moon": ("skimage", "moon.png", "train"),
    "camera": ("skimage", "camera.png", "validation"),
    "astronaut": ("skimage", "astronaut.png", "test"),
    "chelsea": ("skimage", "chelsea.png", "test"),
    "coffee": ("skimage", "coffee.png", "test"),
    "rocket": ("skimage", "rocket.jpg", "test"),
    "grace_hopper": ("matplotlib", "grace_hopper.jpg", "test"),
}
_BUNDLED = {"skimage": "data", "matplotlib": "mpl-data/sample_data"}
#: A folder of one's own may be split by its subfolders.
_FOLDER_PARTS = (Part("train", "train"), Part("validation", "validation"), Part("test", "test"))


class DatasetMissing(DatasetError):
    """A set that is not on this disk; its ``name`` is as the parameters give it."""

    def __init__(self, name: str) -> None:
        self.name = name
        own = os.environ.get("SRGAN_DATA") or "(not set)"
        if known := SETS.get(name):
            message = (
                f"{name} is neither under SRGAN_DATA={own} nor in {cache_folder()}; `srgan fetch -p dataset={name}` "
                f"downloads it ({size_text(known.size)}), or {known.instructions}"
            )
        else:
            message = (
                f"dataset {name!r} is unknown; allowed: builtin, folder, {', '.join(SETS)}, or the name of a folder "
                f"under SRGAN_DATA={own}"
            )
        super().__init__(message)


def find_photos(
    dataset: str,
    *,
    scale: int,
    image_folder: str | Path | None = None,
    lr_folder: str | Path | None = None,
) -> list[Photo]:
    """List the photographs of a dataset, sorted by name; nothing is decoded.

    A :class:`DatasetMissing` says how to get a set that is not on this disk; another DatasetError that there are no
    such images, or that HR and LR do not pair.

    Parameters
    ----------
    dataset : ``builtin``, ``folder``, a named set (``named_sets.SETS``), a folder's name under ``$SRGAN_DATA``, or
        several of them joined by ``+``.
    scale : enlargement factor, for finding LR files that come with the set.
    image_folder, lr_folder : the HR images and, optionally, their LR versions (dataset ``folder``).
    """
    if "+" in dataset:
        return _together(dataset.split("+"), scale)
    if dataset == "builtin":
        return [_builtin(name) for name in BUILTIN]
    if dataset == "folder":
        if image_folder is None:
            raise DatasetError("dataset 'folder' needs image_folder: the folder with your images")
        return _in_own_folder(Path(image_folder), Path(lr_folder) if lr_folder else None, scale)
    return _named(dataset, scale)


def _together(names: Sequence[str], scale: int) -> list[Photo]:
    """List the photographs of several sets; one whose name another set has too is called ``set/name``."""
    if "folder" in names:
        raise DatasetError("dataset 'folder' cannot be joined to others; put the folder under SRGAN_DATA and name it")
    sets = {name: find_photos(name, scale=scale) for name in names}
    count = Counter(photo.image for photos in sets.values() for photo in photos)
    return [
        photo
        if count[photo.image] == 1
        else replace(photo, image=f"{name}/{photo.image}", group=f"{name}/{photo.group}")
        for name, photos in sets.items()
        for photo in photos
    ]


def _builtin(name: str) -> Photo:
    package, file, split = BUILTIN[name]
    spec = importlib.util.find_spec(package)  # finds without importing
    path = (Path(spec.origin).parent if spec and spec.origin else Path(package)) / _BUNDLED[package] / file
    if not path.is_file():
        raise DatasetError(f"built-in photograph {name!r}: {path} is not there; reinstall the environment's {package}")
    group = "motorcycle" if "motorcycle" in name else name
    return Photo(name, path, group=group, split=split, use_profile=False)


def _in_own_folder(folder: Path, lr_folder: Path | None, scale: int) -> list[Photo]:
    for place in filter(None, (folder, lr_folder)):
        if not place.is_dir():
            raise DatasetError.at(place, "no such folder (image_folder, lr_folder)")
    photos = _in_folder(folder, _FOLDER_PARTS)
    tell_left_out(folder, [photo.path for photo in photos])
    if not photos:
        raise DatasetError.at(folder, f"no images in this folder; {KINDS} are read")
    if lr_folder is None:
        return photos
    subfolders = [lr_folder / part.folder for part in _FOLDER_PARTS if (lr_folder / part.folder).is_dir()]
    lr_files = [file for place in (lr_folder, *subfolders) for file in image_files(place)]
    tell_left_out(lr_folder, lr_files)
    return _pair(photos, lr_files, scale, folder, lr_folder)


def _named(dataset: str, scale: int) -> list[Photo]:
    own, cached = os.environ.get("SRGAN_DATA"), cache_folder() / dataset
    named = SETS.get(dataset) or NamedSet(dataset, "", 0, (), _FOLDER_PARTS)
    places = ([Path(own) / dataset] if own else []) + ([cached] if dataset in SETS else [])
    folders = [place for place in places if place.is_dir()]
    for folder in folders:
        photos, lr_folder = _in_folder(folder, named.parts), folder / f"LRx{scale}"
        if photos and lr_folder.is_dir():
            photos = _pair(photos, image_files(lr_folder), scale, photos[0].path.parent, lr_folder)
        if photos:
            if dataset not in SETS:
                tell_left_out(folder, [file for one in photos for file in (one.path, one.lr_path) if file])
            return [replace(one, reduction=named.reduction) for one in photos if one.image not in named.left_out]
    if not folders or (dataset in SETS and cached not in folders):
        raise DatasetMissing(dataset)
    raise DatasetError(
        f"{folders[-1]}: no images in this folder, nor in its HR; put them there or remove the folder", path=folders[-1]
    )


def _in_folder(folder: Path, parts: tuple[Part, ...]) -> list[Photo]:
    """List the photographs of a folder in any of the supported layouts."""
    present = [part for part in parts if (folder / part.folder).is_dir()] or [Part(".")]
    if (folder / "HR").is_dir():
        present = [Part("HR")]
    found: list[tuple[Path, Split | None]] = [
        (file, part.split) for part in present for file in image_files(folder / part.folder)[part.start : part.stop]
    ]
    count = Counter(image_name(file) for file, _ in found)
    names = [
        image_name(file) if count[image_name(file)] == 1 else printable(f"{file.parent.name}-{file.name}")
        for file, _ in found
    ]
    return [Photo(name, file, group=name, split=split) for name, (file, split) in zip(names, found, strict=True)]


def _pair(photos: list[Photo], lr_files: list[Path], scale: int, folder: Path, lr_folder: Path) -> list[Photo]:
    """Give every photograph the LR file of the same name (``0001`` pairs with ``0001x4`` and ``0001_LR``)."""
    hr = {_key(photo.path, scale): photo for photo in photos}
    lr = {_key(file, scale): file for file in lr_files}
    if hr.keys() != lr.keys():
        raise DatasetError(
            f"HR and LR do not pair: only in {folder}: {shortlist(sorted(hr.keys() - lr.keys()))}; only in "
            f"{lr_folder}: {shortlist(sorted(lr.keys() - hr.keys()))}. Give every HR image one LR image of its name "
            f"(0001 or 0001x{scale})"
        )
    if len(hr) < len(photos) or len(lr) < len(lr_files):
        raise DatasetError(f"HR and LR do not pair: {folder} or {lr_folder} has two files of one name; rename one")
    return [replace(photo, lr_path=lr[key]) for key, photo in hr.items()]


def _key(path: Path, scale: int) -> str:
    return re.sub(rf"[_-]?(x{scale}|LR|HR)$", "", path.stem, flags=re.IGNORECASE)
