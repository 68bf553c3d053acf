"""What enlarges an image: the classical methods, a trained network, or files that another program wrote; and all of them.

For judging, all of them are one thing, a :data:`Method`: a function from an HR/LR pair to the SR image.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from srgan_lib import weights
from srgan_lib.data.images import read_image
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.matching import align, match_test_sets
from srgan_lib.methods import TRAINED
from srgan_lib.models.community import check_scale, load_network
from srgan_lib.models.files import CheckpointError, load_model
from srgan_lib.models.own_code import Code
from srgan_lib.params.evaluation import Evaluation, names_network
from srgan_lib.params.shared import Shared

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
    """Wrap a trained network; ``options`` are those of :func:`srgan_lib.models.tiled_inference.upscale_array`."""
    from srgan_lib.models.tiled_inference import upscale_array

    return lambda pair: upscale_array(model, pair.given_lr, **options)


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


def upscaling_options(shared: Shared, evaluation: Evaluation) -> dict[str, object]:
    """Name the options with which an evaluation enlarges: tile, device and dtype."""
    return {"tile": evaluation.tile, "device": shared.device, "dtype": shared.dtype}


def all_methods(
    networks: Mapping[str, SuperResolver],
    test_sets: Mapping[str, Sequence[Pair]],
    shared: Shared,
    evaluation: Evaluation,
    code: Code | None = None,
) -> dict[str, Method]:
    """Collect baselines, the run's networks and those between them, reference models, ensembles and others' methods.

    Parameters
    ----------
    networks : trained by the run: ``srcnn``, ``warmup`` and ``srgan``.
    test_sets : pairs by dataset; a folder of another method's images must have one for each.
    shared, evaluation : the sections of the parameters.
    code : where the class of a network of the user's own is.

    Raises
    ------
    FolderError
        If a method's folder lacks an image.
    CheckpointError
        If a method's file is no network that is known, or one that enlarges by another factor.
    PackageMissing
        If it is another program's and spandrel is not installed.
    """
    options = upscaling_options(shared, evaluation)
    between = {
        name: interpolate(networks["warmup"], networks["srgan"], share)
        for name, share in share_of_srgan(evaluation).items()
        if name not in networks
    }
    methods = {name: classical(name, shared.scale) for name in evaluation.baselines}
    methods |= {name: network(model, **options) for name, model in {**networks, **between}.items()}
    if evaluation.reference_models:
        for name, path in weights.reference_models(shared.scale, test_sets).items():
            methods[weights.PREFIX + name] = network(load_model(path)[0], **options)
    if evaluation.self_ensemble:
        for name, model in networks.items():
            methods[f"{name}_ensemble"] = network(model, self_ensemble=True, **options)
    for name, location in evaluation.methods.items():
        if names_network(location):
            model, _ = load_network(Path(location), code)
            check_scale(Path(location), model, shared.scale)
            methods[name] = network(model, **options)
        else:
            methods[name] = from_folder(Path(location), test_sets, shared.scale)
    return methods


def repeated_trainings(
    run_dirs: Iterable[Path], shared: Shared, evaluation: Evaluation, code: Code | None = None
) -> list[dict[str, Method]]:
    """Collect the networks of repeated trainings, by the names that the run's own have.

    Parameters
    ----------
    run_dirs : a folder for each repeat, with the stages that train.
    shared, evaluation, code : as for :func:`all_methods`.
    """
    options = upscaling_options(shared, evaluation)
    return [
        {name: network(load_model(trained.path(folder), code)[0], **options) for name, trained in TRAINED.items()}
        for folder in run_dirs
    ]


def share_of_srgan(evaluation: Evaluation) -> dict[str, float]:
    """Name the networks from warm-up to SRGAN with SRGAN's share of their weights; none where none between is judged.

    ``srgan_0.25`` has a quarter of SRGAN's weights.
    """
    if not evaluation.interpolations:
        return {}
    between = {f"srgan_{alpha:g}": alpha for alpha in evaluation.interpolations}
    return {"warmup": 0, **between, "srgan": 1}
