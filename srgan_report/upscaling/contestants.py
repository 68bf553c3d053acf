"""All methods that an evaluation compares: classical ones, networks of the run, shipped ones, and other programs'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from srgan_lib.data.pairs import Pair
from srgan_lib.evaluation.methods import Method, NetworkMethod, classical, from_folder, interpolate
from srgan_lib.methods import TRAINED
from srgan_lib.models import shipped
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.files import load_model
from srgan_lib.models.own_code import Code
from srgan_lib.params.evaluation import Evaluation, names_network
from srgan_lib.params.shared import Shared
from srgan_report.upscaling.community import load_network


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

    A ``FolderError`` names an image that a method's folder lacks, and a ``CheckpointError`` a method's file that is no
    network that is known, or one that enlarges by another factor; ``PackageMissing`` says that it is another program's
    and spandrel is not installed.

    Parameters
    ----------
    networks : trained by the run: ``srcnn``, ``warmup`` and ``srgan``.
    test_sets : pairs by dataset; a folder of another method's images must have one for each.
    shared, evaluation : the sections of the parameters.
    code : where the class of a network of the user's own is.
    """
    options = upscaling_options(shared, evaluation)
    between = {
        name: interpolate(networks["warmup"], networks["srgan"], share)
        for name, share in share_of_srgan(evaluation).items()
        if name not in networks
    }
    methods = {name: classical(name, shared.scale) for name in evaluation.baselines}
    methods |= {name: NetworkMethod(model, **options) for name, model in {**networks, **between}.items()}
    if evaluation.reference_models:
        for name, path in shipped.reference_models(shared.scale, test_sets).items():
            methods[shipped.PREFIX + name] = NetworkMethod(load_model(path)[0], **options)
    if evaluation.self_ensemble:
        for name, model in networks.items():
            methods[f"{name}_ensemble"] = NetworkMethod(model, self_ensemble=True, **options)
    for name, location in evaluation.methods.items():
        if names_network(location):
            methods[name] = NetworkMethod(load_network(Path(location), code, scale=shared.scale), **options)
        else:
            methods[name] = from_folder(Path(location), test_sets, shared.scale)
    return methods


def repeated_trainings(
    run_dirs: Iterable[Path], shared: Shared, evaluation: Evaluation, code: Code | None = None
) -> list[dict[str, Method]]:
    """Collect the networks of repeated trainings, each of a folder, by the names that the run's own have."""
    options = upscaling_options(shared, evaluation)
    return [
        {name: NetworkMethod(load_model(trained.path(folder), code)[0], **options) for name, trained in TRAINED.items()}
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
