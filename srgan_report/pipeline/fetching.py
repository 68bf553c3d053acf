"""What a run reads from outside the project and this disk lacks: name it for the plan, and fetch it.

Planning touches no network. What is missing is part of the plan; ``srgan fetch`` downloads it, and so do ``run``,
``sweep`` and ``train`` after planning and before computing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from srgan_lib.data.named_sets import SETS, fetch_set
from srgan_lib.data.sources import DatasetMissing, find_photos
from srgan_lib.downloads import DownloadError, offline
from srgan_lib.errors import InputError
from srgan_lib.files import Snapshot
from srgan_lib.formatting import size_text
from srgan_lib.models.backbones import BACKBONES, LPIPS_BACKBONES, fetch_backbone, find_backbone
from srgan_lib.models.vgg19 import layer_index
from srgan_lib.params import Params
from srgan_lib.params.evaluation import OWN_PARTS

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Missing:
    """Something that a run reads and this disk lacks."""

    name: str  #: of the set or backbone, as the library knows it
    title: str  #: the name as people write it
    wanted_by: str  #: the parameter that asks for it, with its value
    problem: str  #: what is missing and how to get it, in a sentence
    alternative: str = ""  #: what to do, or what happens, without it
    size: int | None = None  #: bytes to download; None: unknown
    required: bool = True  #: nothing can be computed without it; else the run goes on without the scores that need it
    downloadable: bool = True  #: an address is known

    def __str__(self) -> str:
        reason = "" if self.downloadable else f"; {self.problem}"
        return f"{self.title}, {size_text(self.size)} ({self.wanted_by}){reason}"


class InputMissing(InputError):
    """Something that a stage reads is not on this disk: ``missing``."""

    def __init__(self, missing: Iterable[Missing]) -> None:
        self.missing = list(missing)
        super().__init__("; ".join(f"{one.wanted_by}: {one.problem}" for one in self.missing))

    def __reduce__(self) -> tuple[type, tuple]:  # it travels between processes
        return type(self), (self.missing,)


def missing_inputs(stage: str, params: Params, snapshot: Snapshot) -> list[Missing]:
    """Name what a stage with resolved parameters reads from outside the project and this disk lacks."""
    return [*_missing_sets(stage, params, snapshot), *_missing_backbones(stage, params, snapshot)]


def distinct(missing: Iterable[Missing]) -> list[Missing]:
    """Name each thing once: with all the parameters that ask for it, and as required if one of them requires it."""
    found: dict[str, Missing] = {}
    for one in missing:
        known = found.setdefault(one.name, one)
        if one.required and not known.required:
            found[one.name] = replace(one, wanted_by=known.wanted_by)
        if one.wanted_by not in known.wanted_by.split(", "):
            found[one.name] = replace(found[one.name], wanted_by=f"{known.wanted_by}, {one.wanted_by}")
    return list(found.values())


def fetch(missing: Iterable[Missing]) -> bool:
    """Download what is missing, log what is downloaded and what the run goes on without; returns if anything arrived.

    What has no known address is an InputMissing, before anything is downloaded; what is required and cannot be
    downloaded a DownloadError.
    """
    missing = list(missing)
    if unknown := [one for one in missing if not one.downloadable]:
        raise InputMissing(unknown)
    arrived = False
    for one in missing:
        if not offline():
            logger.info("Downloading %s", one)
        try:
            fetch_set(SETS[one.name]) if one.name in SETS else fetch_backbone(one.name)
            arrived = True
        except DownloadError as error:
            if one.required:
                raise DownloadError("; ".join(filter(None, (f"{one.wanted_by}: {error}", one.alternative)))) from error
            logger.warning("%s: %s", one.alternative, error)
    return arrived


def _missing_sets(stage: str, params: Params, snapshot: Snapshot) -> Iterator[Missing]:
    scale, judged = params.shared.scale, params.evaluation.test_sets if stage == "evaluation" else ()
    wanted = {name: f"evaluation.test_sets: {name}" for name in judged}
    wanted |= {name: f"shared.dataset: {name}" for name in params.shared.dataset.split("+")}
    for name, wanted_by in wanted.items():
        if name in {*OWN_PARTS, "folder"}:
            continue
        if problem := snapshot.get(("set", name, scale), lambda name=name: _absence(name, scale)):
            known = SETS.get(name)
            yield Missing(name, name, wanted_by, problem, size=known and known.size, downloadable=known is not None)


def _absence(name: str, scale: int) -> str:
    """Say in a sentence that a set is not on this disk; empty where it is."""
    try:
        find_photos(name, scale=scale)
    except DatasetMissing as error:
        return str(error)
    return ""


def _missing_backbones(stage: str, params: Params, snapshot: Snapshot) -> Iterator[Missing]:
    section = getattr(params, stage)

    def absent(name: str, wanted_by: str, alternative: str, layer: str | None = None) -> Iterator[Missing]:
        if snapshot.get(("backbone", name, layer), lambda: find_backbone(name, layer)) is None:
            title, size = BACKBONES[name].title, BACKBONES[name].bytes
            problem = (
                f"the {title} weights are not on this disk; `srgan fetch` with the same parameters downloads "
                f"them ({size_text(size)}); {alternative}"
            )
            yield Missing(name, title, f"{stage}.{wanted_by}", problem, alternative, size, stage != "evaluation")

    if (layers := getattr(section, "vgg_layers", ())) and section.content_weights == "imagenet":
        deepest = max(layers, key=layer_index)
        yield from absent("vgg19", "content_weights: imagenet", "or use 'random' or 'available'", deepest)
    if getattr(section, "monitor", "") == "lpips_squeeze":
        yield from absent(LPIPS_BACKBONES["squeeze"], "monitor: lpips_squeeze", "or use psnr_y or ssim_y")
    for net in getattr(section, "lpips_nets", ()):
        yield from absent(LPIPS_BACKBONES[net], f"lpips_nets: {net}", f"LPIPS({net}) will not be computed")
