"""Know before anything is computed what can be known: too small photographs, own code and files that do not fit.

What makes a stage fail hours later is looked for here, in headers and on random images: before the first stage of a run
or a sweep, in a dry run, and in a notebook that computes others first. What is not sure without reading all photographs
is left to the stages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from srgan_lib.errors import InputError
from srgan_lib.files import Snapshot
from srgan_lib.log import muted
from srgan_lib.params import Params
from srgan_lib.params.evaluation import OWN_PARTS, names_network
from srgan_lib.params.section import ParameterError
from srgan_lib.params.training import is_own
from srgan_report.pipeline.planning import Plan

Size = tuple[int, ...]  # width and height
SMALLEST = 11  #: pixels a side that SSIM needs of a test image without its border


def foresee(plans: Iterable[Plan]) -> None:
    """Check what the stages to be computed will read; raises as :func:`check_stages`."""
    runs: dict[Path, tuple[Params, set[str]]] = {}
    for plan in plans:
        if plan.action == "run":
            runs.setdefault(plan.run.directory, (plan.run.params, set()))[1].add(plan.stage.name)
    snapshot = Snapshot()
    for params, stages in runs.values():
        check_stages(params, stages, snapshot)


def check_stages(params: Params, stages: Collection[str], snapshot: Snapshot) -> None:
    """Check what stages with resolved parameters will read, as far as it is on this disk; what is known only once.

    ``DatasetError`` if no photographs are left for a part of the split, or a test image is too small to be judged;
    ``FolderError`` or ``ImageError`` if an image of another method cannot be read, or is of another size than its test
    image; ``ParameterError`` if a network or loss of the user's own does not work, or a file that a parameter names
    holds no network that fits.
    """
    shared, evaluation, judged = params.shared, params.evaluation, "evaluation" in stages
    for stage in {"warmup", "adversarial"}.intersection(stages):
        section = getattr(params, stage)
        network = (getattr(section, "generator", ""), getattr(section, "start", ""))
        classes = (stage, *network, *section.extra_losses.items(), shared.scale, shared.crop)
        snapshot.get(classes, lambda stage=stage: _check_classes(stage, params))
    for name, location in evaluation.methods.items() if judged else ():
        if names_network(location):
            snapshot.get(("network", location, shared.scale), lambda name=name: _check_network(name, params))
    if judged or "data" in stages:
        read = (shared.model_dump_json(), judged and evaluation.model_dump_json(include={"test_sets", "methods"}))
        snapshot.get(read, lambda: _check_images(params, judged))


def _check_images(params: Params, judged: bool) -> None:
    """Assign the photographs by their headers, and look at what other methods have made of the test images."""
    from srgan_lib.data.evaluation_sets import check_test_sets
    from srgan_lib.data.images import DatasetError
    from srgan_lib.data.sources import DatasetMissing, find_photos
    from srgan_lib.data.split import foresee_split

    shared, evaluation = params.shared, params.evaluation
    folders = {"image_folder": shared.image_folder, "lr_folder": shared.lr_folder}
    try:
        with muted():  # the stages warn
            photos = find_photos(shared.dataset, scale=shared.scale, **folders)
        split = foresee_split(photos, shared, shared.crop)
        rows = check_test_sets(evaluation.test_sets, split, shared, foresee_split) if judged else {}
    except DatasetMissing:  # it is fetched first
        return
    sizes: dict[str, dict[str, Size]] = {}
    least = SMALLEST + 2 * shared.scale
    for dataset, images in rows.items():
        resized = shared.image_size if dataset in {shared.dataset, *OWN_PARTS} else None
        sizes[dataset] = {
            image: tuple(side - side % shared.scale for side in (resized or width, resized or height))
            for image, width, height in zip(images.image, images.width, images.height, strict=True)
        }
        if small := next((image for image, size in sizes[dataset].items() if min(size) < least), None):
            raise DatasetError(
                f"{small} of {dataset}: too small to be judged; test images need {least}×{least} pixels at "
                f"×{shared.scale}. Leave it out"
            )
    for location in evaluation.methods.values() if judged else ():
        if not names_network(location):
            for image, file in _results(Path(location), sizes):
                _check_size(file, image, shared.scale)


def _results(folder: Path, sizes: Mapping[str, Mapping[str, Size]]) -> Iterator[tuple[Size, Path]]:
    """Yield the sizes of the test images with the files of another method; the stages tell what is missing."""
    from srgan_lib.evaluation.methods import FolderError, match_test_sets

    with suppress(FolderError):
        found = match_test_sets(folder, {dataset: [*images] for dataset, images in sizes.items()})
        yield from ((sizes[dataset][image], file) for dataset, files in found.items() for image, file in files.items())


def _check_size(file: Path, size: Size, scale: int) -> None:
    """Hold a result against its test image, which may lie on its side."""
    from srgan_lib.data.images import read_image
    from srgan_lib.evaluation.methods import FolderError, align

    sr = read_image(file)
    try:
        align(sr, np.empty((size[1], size[0], 0)), file, scale)
    except FolderError:
        align(sr, np.empty((*size, 0)), file, scale)


def _check_network(name: str, params: Params) -> None:
    from srgan_report.upscaling.community import check_network  # with torch

    with _naming(f"evaluation.methods.{name}"):
        check_network(Path(params.evaluation.methods[name]), params.shared.scale)


def _check_classes(stage: str, params: Params) -> None:
    """Build a stage's own network and losses, and try them on random images; read the network to begin with."""
    section, shared = getattr(params, stage), params.shared
    generator, start = getattr(section, "generator", ""), getattr(section, "start", None)
    losses = [reference for reference, weight in section.extra_losses.items() if weight]
    if not (is_own(generator) or start or losses):
        return
    import torch

    from srgan_lib.models.generators import build_generator
    from srgan_lib.models.shipped import find_start
    from srgan_lib.training.compute import Compute
    from srgan_lib.training.losses import build_own_loss, find_own
    from srgan_lib.training.tasks import check_generator
    from srgan_lib.training.warmup import started_config

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(shared.seed)
        if start:
            started_config(section, shared.scale, find_start(start, shared.scale))
        elif is_own(generator):
            with _naming(f"{stage}.generator"):
                own = find_own(generator)
                network = build_generator(own.config(shared.scale), own)
                check_generator(network, own.name, shared.scale, shared.crop // shared.scale)
        for reference in losses:
            with _naming(f"{stage}.extra_losses"):
                build_own_loss(find_own(reference), Compute(), torch.rand(2, 3, shared.crop, shared.crop))


@contextmanager
def _naming(parameter: str) -> Iterator[None]:
    """Name the parameter whose file is wrong."""
    try:
        yield
    except InputError as error:
        raise ParameterError(f"{parameter}: {error}", parameter=parameter, path=error.path) from error
