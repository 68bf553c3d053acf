"""What enlarges an image: the classical methods, a trained network, or files that another program wrote.

For judging, all of them are one thing, a :data:`Method`: a function from an HR/LR pair to the SR image.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from srgan_lib.data.folders import image_files, image_name
from srgan_lib.data.images import read_image
from srgan_lib.data.resize import imresize
from srgan_lib.errors import InputError
from srgan_lib.formatting import shortlist
from srgan_lib.models.files import CheckpointError

if TYPE_CHECKING:
    from srgan_lib.data.pairs import Pair
    from srgan_lib.models.base import SuperResolver

#: Takes a pair, of which it may see everything but should use the LR image only; returns H×W×3 uint8.
Method = Callable[["Pair"], np.ndarray]

_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
}
CLASSICAL = (*_FILTERS, "bicubic")


def enlarge(lr: np.ndarray, method: str, scale: int) -> np.ndarray:
    """Enlarge an image, h×w×3 uint8, by a classical method.

    There are ``nearest``, ``bilinear`` and ``lanczos`` (of three lobes), as Pillow does them, and ``bicubic`` as MATLAB
    does; any other is a ValueError.
    """
    if method == "bicubic":
        return imresize(lr, scale)
    if method not in _FILTERS:
        raise ValueError(f"no classical method is called {method!r}; there are {', '.join(CLASSICAL)}")
    height, width = lr.shape[:2]
    return np.asarray(Image.fromarray(lr).resize((scale * width, scale * height), _FILTERS[method]))


def classical(name: str, scale: int) -> Method:
    """Wrap a classical method, see :func:`enlarge`."""
    return lambda pair: enlarge(pair.given_lr, name, scale)


class NetworkMethod:
    """A trained network as a method; ``options`` are those of :func:`srgan_lib.models.tiled_inference.upscale`."""

    def __init__(self, model: SuperResolver, **options: Any) -> None:
        self.model, self.options = model, options

    def __call__(self, pair: Pair) -> np.ndarray:
        """Enlarge the pair's LR image."""
        return self.enlarge(pair.given_lr)

    def enlarge(self, lr: np.ndarray) -> np.ndarray:
        """Enlarge an image, h×w×3 uint8."""
        from srgan_lib.models.tiled_inference import upscale

        return upscale(lr, self.model, **self.options)


def interpolate(first: SuperResolver, second: SuperResolver, alpha: float) -> SuperResolver:
    """Interpolate the weights of two networks of one architecture (Wang et al., ESRGAN, 2018, §3.4).

    ``alpha`` is the share of the second: 0 gives the first's weights, 1 the second's. Networks of two architectures are
    a CheckpointError.
    """
    begin, end = first.state_dict(), second.state_dict()
    shapes = [{name: value.shape for name, value in weights.items()} for weights in (begin, end)]
    if shapes[0] != shapes[1]:
        raise CheckpointError(
            "only networks of one architecture can be interpolated, and these two have different weights"
        )
    between = {
        name: value + alpha * (end[name] - value) if value.is_floating_point() else value
        for name, value in begin.items()
    }
    interpolated = copy.deepcopy(first)
    interpolated.load_state_dict(between)
    return interpolated


def from_folder(folder: Path, test_sets: Mapping[str, Sequence[Pair]], scale: int) -> Method:
    """Read another program's results: a folder with an image file for each image of the test sets, and perhaps more.

    Raises FolderError as :func:`match_test_sets` and, while judging, :func:`align`.
    """
    found = match_test_sets(Path(folder), {name: [pair.image for pair in pairs] for name, pairs in test_sets.items()})
    files = {pair: found[name][pair.image] for name, pairs in test_sets.items() for pair in pairs}
    return lambda pair: align(read_image(files[pair]), pair.hr, files[pair], scale)[0]


#: What data sets append to the names of HR files: ``img_001_SRF_4_HR``, ``0801x4``, ``baby-GT``.
_DECORATION = re.compile(r"(x\d|[_\-. ](SRF_?\d|x\d|HR|GT|original))+$", re.IGNORECASE)
#: How whatever a program appends to a name begins, if it does: ``baby_SRGAN``, ``babyx4_out``, ``baby (1)``.
_APPENDED = re.compile(r"[_\-. (]|x\d|$", re.IGNORECASE)


class FolderError(InputError):
    """Folders or images that do not fit together."""


def match_files(images: Sequence[str], folder: Path) -> dict[str, Path]:
    """Find the file of each image in a folder of results; files of other images may be there too.

    A file belongs to the image with the longest name that its own begins with. An image that has no file, or more than
    one, is a FolderError.
    """
    keys = {_DECORATION.sub("", image) or image: image for image in images}
    if len(keys) < len(images):
        keys = {image: image for image in images}
    found: dict[str, list[Path]] = {image: [] for image in images}
    for file in image_files(folder):
        name = image_name(file)
        if name in found:
            found[name].append(file)
        elif owners := [key for key in keys if name.startswith(key) and _APPENDED.match(name[len(key) :])]:
            found[keys[max(owners, key=len)]].append(file)
    if missing := [image for image, files in found.items() if not files]:
        rule = "results must be named like the HR images (something like _SRGAN or x4 may follow)"
        raise FolderError.at(folder, f"no file for {shortlist(missing)}; {rule}")
    if double := next((files for files in found.values() if len(files) > 1), None):
        names = shortlist([file.name for file in double])
        remedy = "keep one, or put each method into a folder of its own"
        raise FolderError.at(folder, f"{names} belong to one image; {remedy}")
    return {image: files[0] for image, files in found.items()}


def match_test_sets(folder: Path, images: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Path]]:
    """Find the file of each image of several test sets, given by name, in a folder of results.

    Where the folder has a subfolder with a test set's name, that set's files are there. Raises FolderError as
    :func:`match_files`, and where a file would serve images of two sets.
    """
    found: dict[str, dict[str, Path]] = {}
    for dataset, names in images.items():
        own = folder / dataset
        files = match_files(names, own if own.is_dir() else folder)
        if shared := {path for others in found.values() for path in others.values()}.intersection(files.values()):
            problem = f"{shortlist(sorted(path.name for path in shared))} would be of {dataset} and of another test set"
            raise FolderError.at(folder, f"{problem}; put each set's images into a subfolder of its name")
        found[dataset] = files
    return found


def align(sr: np.ndarray, hr: np.ndarray, file: Path, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut an SR and an HR image at the right and the bottom to the size they share.

    Programs differ in whether they drop the pixels beyond a multiple of the scale, so sizes may differ by less than it;
    a FolderError says if they differ by more.
    """
    if any(abs(one - other) >= max(scale, 1) for one, other in zip(sr.shape[:2], hr.shape[:2], strict=True)):
        sizes = f"{sr.shape[1]}×{sr.shape[0]} pixels and its HR image {hr.shape[1]}×{hr.shape[0]}"
        raise FolderError(f"{file} has {sizes}; results must be of the size of HR", path=file)
    height, width = np.minimum(sr.shape[:2], hr.shape[:2])
    return sr[:height, :width], hr[:height, :width]
