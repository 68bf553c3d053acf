"""What enlarges an image: the classical methods, a trained network, or files that another program wrote.

For judging, all of them are one thing, a :data:`Method`: a function from an HR/LR pair to the SR image.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from srgan_lib.data.images import read_image
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.matching import align, match_test_sets
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
    """Enlarge an image by a classical method.

    Parameters
    ----------
    lr : h×w×3 uint8.
    method : ``nearest``, ``bilinear`` or ``lanczos`` (of three lobes), as Pillow does them; ``bicubic`` as MATLAB does.
    scale : enlargement factor.

    Returns
    -------
    (scale·h)×(scale·w)×3 uint8.

    Raises
    ------
    ValueError
        For a method that is not one of these.
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


def network(model: SuperResolver, **options: Any) -> Method:
    """Wrap a trained network; ``options`` are those of :func:`srgan_lib.models.tiled_inference.upscale`."""
    from srgan_lib.models.tiled_inference import upscale

    return lambda pair: upscale(pair.given_lr, model, **options)


def interpolate(first: SuperResolver, second: SuperResolver, alpha: float) -> SuperResolver:
    """Interpolate the weights of two networks of one architecture (Wang et al., ESRGAN, 2018, §3.4).

    Parameters
    ----------
    alpha : share of the second: 0 gives the first's weights, 1 the second's.

    Raises
    ------
    CheckpointError
        If the two are not of one architecture.
    """
    ends = [model.state_dict() for model in (first, second)]
    shapes = [{name: value.shape for name, value in weights.items()} for weights in ends]
    if shapes[0] != shapes[1]:
        raise CheckpointError(
            "only networks of one architecture can be interpolated, and these two have different weights"
        )
    interpolated = copy.deepcopy(first)
    interpolated.load_state_dict(
        {
            name: value + alpha * (ends[1][name] - value) if value.is_floating_point() else value
            for name, value in ends[0].items()
        }
    )
    return interpolated


def from_folder(folder: Path, test_sets: Mapping[str, Sequence[Pair]], scale: int) -> Method:
    """Read another program's results: a folder with an image file for each image of the test sets, and perhaps more.

    Raises
    ------
    FolderError
        As :func:`srgan_lib.evaluation.matching.match_test_sets`; while judging, if a file's size is not that of its
        HR image.
    """
    found = match_test_sets(Path(folder), {name: [pair.image for pair in pairs] for name, pairs in test_sets.items()})
    files = {pair: found[name][pair.image] for name, pairs in test_sets.items() for pair in pairs}
    return lambda pair: align(read_image(files[pair]), pair.hr, files[pair], scale)[0]
