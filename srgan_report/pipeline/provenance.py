"""Fingerprints: what decides a stage's result, hashed, and the manifests that record it.

A stage's fingerprint covers its notebook's code cells, the syntax tree of every library module that the notebook
imports (directly or not) with the data beside it, its resolved parameters, the environment that decides the arithmetic,
the fingerprints of the stages it reads, and its input data. Prose, comments and docstrings do not count, nor do the
parts of the library that decide no result (:data:`srgan_report.pipeline.code_hashes.NOT_HASHED`).

A training's fingerprint is narrower: of the library it covers what the trainer imports, not the notebook's figures and
tables, nor what finds files and watches (:data:`srgan_report.pipeline.code_hashes.FINDING_AND_WATCHING`). A stage that
runs again under the same training fingerprint keeps its weights.
"""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import metadata
from importlib.util import decode_source
from pathlib import Path
from typing import Any

from srgan_lib.data.images import Photo
from srgan_lib.data.sources import DatasetMissing, find_photos
from srgan_lib.files import Snapshot, digest, sha256_file
from srgan_lib.metrics.perceptual import CONTENT_LAYERS
from srgan_lib.models import shipped
from srgan_lib.models.backbones import LPIPS_BACKBONES, find_backbone
from srgan_lib.models.own_code import locate
from srgan_lib.models.vgg19 import layer_index
from srgan_lib.params import Params
from srgan_lib.params.evaluation import OWN_PARTS, names_network
from srgan_lib.params.shared import LOCATION_PARAMETERS
from srgan_lib.params.training import NOT_HASHED_FOR_TRAINING
from srgan_report.pipeline.code_hashes import module_hashes, notebook_hashes, training_hashes

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "pillow", "scikit-image", "lpips", "piq")
MISSING = "missing"
UNKNOWN = "unknown"  # begins what depends on data that are not on this disk yet


@dataclass(frozen=True)
class Components:
    """Everything that decides a stage's result, in pieces, so that a change can be named."""

    notebook: str
    modules: dict[str, str]
    parameters: dict[str, Any]
    environment: dict[str, str]
    upstream: dict[str, str]
    data: str

    @cached_property
    def fingerprint(self) -> str:
        """Hash over all pieces; it begins with ``unknown`` where one of them is, and is then no finished stage's."""
        value = digest({field.name: getattr(self, field.name) for field in fields(self)})
        return f"{UNKNOWN} {value}" if self.unknown else value

    @property
    def unknown(self) -> bool:
        """Whether a piece depends on data or weights that are not on this disk yet."""
        pieces = (self.data, *self.environment.values(), *self.upstream.values())
        return any(piece.startswith(UNKNOWN) for piece in pieces)

    def changes_since(self, before: Mapping[str, Any]) -> list[str]:
        """What differs from an earlier manifest's components, in words, most telling first."""
        words = []
        for piece, label, values in (
            ("parameters", "parameter", " ({} → {})"),
            ("modules", "library module", ""),
            ("environment", "environment:", " ({} → {})"),
            ("upstream", "upstream stage", ""),
        ):
            old, new = before.get(piece, {}), getattr(self, piece)
            different = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
            words += [f"{label} {key} changed{values.format(old.get(key), new.get(key))}" for key in different]
        for piece, label in (("notebook", "the notebook's code"), ("data", "the input data")):
            words += [f"{label} changed"] if before.get(piece) != getattr(self, piece) else []
        return words


def stage_components(
    stage: str,
    params: Params,
    notebook: Path,
    upstream: Mapping[str, str],
    *,
    fetching: bool = False,
    snapshot: Snapshot | None = None,
) -> Components:
    """Everything that decides the result of a stage's notebook under resolved parameters.

    ``upstream``: fingerprints of the stages it reads; ``fetching``: weights that it can do without will be fetched
    first, so that they are unknown, not missing; ``snapshot``: of the disk, to plan many stages from one.
    """
    snapshot = snapshot or Snapshot()
    tree, modules = notebook_hashes(notebook, snapshot)
    return Components(
        notebook=tree,
        modules=modules,
        parameters={k: v for k, v in params.stage(stage).items() if k not in LOCATION_PARAMETERS},
        environment=environment(stage, params, snapshot, fetching=fetching),
        upstream=dict(upstream),
        data=data_hash(stage, params, snapshot),
    )


def training_fingerprint(stage: str, components: Components, inputs: Sequence[Path], code: Path | None = None) -> str:
    """Hash what decides the weights and curves alone, so that editing a figure of a notebook never trains again.

    It covers the modules that its trainer imports; the parameters (but for those that decide neither) and the
    environment like the stage's fingerprint; the *contents* of input files from earlier stages, not their fingerprints;
    and the code of the generator's class, if it is the user's own.
    """
    return digest(
        [
            training_hashes(stage, Snapshot()),
            {name: value for name, value in components.parameters.items() if name not in NOT_HASHED_FOR_TRAINING},
            components.environment,
            [sha256_file(path) for path in inputs],
            own_code([code], Snapshot()) if code else {},
        ]
    )


def environment(stage: str, params: Params, snapshot: Snapshot, *, fetching: bool = False) -> dict[str, str]:
    """Versions and files outside the repository that decide the stage's arithmetic; parameters as above."""
    found = {name: version(name) for name in PACKAGES}
    found |= {"python": platform.python_version(), "machine": platform.machine()}
    section = getattr(params, stage)
    if (layers := getattr(section, "vgg_layers", ())) and section.content_weights == "imagenet":
        found["vgg19"] = _backbone_hash("vgg19", snapshot, max(layers, key=layer_index)) or UNKNOWN
    if getattr(section, "start", None):
        found["start"] = _file_hash(shipped.find_start(section.start, params.shared.scale), snapshot)
    if stage == "evaluation":
        absent = UNKNOWN if fetching else MISSING
        networks = [LPIPS_BACKBONES[net] for net in section.lpips_nets]
        found |= {name: _backbone_hash(name, snapshot) or absent for name in networks}
        if judging := [CONTENT_LAYERS[name] for name in section.extra_metrics if name in CONTENT_LAYERS]:
            found["vgg19"] = _backbone_hash("vgg19", snapshot, max(judging, key=layer_index)) or absent
        if any(names_network(location) for location in section.methods.values()):
            found["spandrel"] = version("spandrel")
        if section.reference_models:
            models = shipped.reference_models(params.shared.scale).values()
            found |= {path.name: _file_hash(path, snapshot) for path in models}
    found |= own_code(own_files(stage, params), snapshot)
    return found


def own_files(stage: str, params: Params) -> list[Path]:
    """List the files of the user's own code that a stage's parameters name."""
    return sorted({locate(name)[0] for name in getattr(getattr(params, stage), "own_classes", ())})


def own_code(files: Iterable[Path], snapshot: Snapshot) -> dict[str, str]:
    """Hash files of the user's own code, and the library modules that each imports."""
    found = {}
    for file in files:
        found[f"code {file.name}"] = MISSING
        if file.is_file():
            found[f"code {file.name}"] = _file_hash(file, snapshot)
            modules = module_hashes([decode_source(file.read_bytes())], snapshot)
            found[f"library code of {file.name}"] = digest(modules)
    return found


def data_hash(stage: str, params: Params, snapshot: Snapshot) -> str:
    """Hash of all image files that a stage reads from outside the run; ``unknown: …`` where a set is not here yet."""
    shared, evaluation = params.shared, params.evaluation
    folders = {"image_folder": shared.image_folder, "lr_folder": shared.lr_folder}
    sets, methods = (evaluation.test_sets, evaluation.methods.values()) if stage == "evaluation" else ((), ())

    def read() -> str:
        try:
            photos = find_photos(shared.dataset, scale=shared.scale, **folders)
            for name in sets:
                photos += find_photos(name, scale=shared.scale) if name not in OWN_PARTS else []
        except DatasetMissing as error:
            return f"{UNKNOWN}: {error.name}"
        # Of other methods: a file with weights, or a folder of images, which may have subfolders for test sets.
        inner = ((), (shared.dataset,), *((name,) for name in sets))
        indices = [Path(index, *sub) for index in methods for sub in inner]
        files = [file for index in indices for file in (sorted(index.glob("*")) if index.is_dir() else [index])]
        return digest(
            [*_photo_hashes(photos, snapshot), *[[file.name, sha256_file(file)] for file in files if file.is_file()]]
        )

    return snapshot.get(("data", shared.dataset, shared.scale, *folders.values(), tuple(sets), tuple(methods)), read)


def commit(root: Path) -> str:
    """The project's git commit, marked where files differ from it; empty outside git."""

    def git(*words: str) -> str:
        return subprocess.check_output(["git", "-C", str(root), *words], text=True, stderr=subprocess.DEVNULL).strip()

    try:
        changed = " with local changes" if git("status", "--porcelain", "--untracked-files=no") else ""
        return git("rev-parse", "--short=12", "HEAD") + changed
    except (OSError, subprocess.CalledProcessError):
        return ""


@cache
def version(package: str) -> str:
    """The installed version of a package, read without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return MISSING


def _backbone_hash(name: str, snapshot: Snapshot, layer: str | None = None) -> str | None:
    path = snapshot.get(("backbone", name, layer), lambda: find_backbone(name, layer))
    return _file_hash(path, snapshot) if path else None


def _photo_hashes(photos: list[Photo], snapshot: Snapshot) -> list[list[str]]:
    """Name and content hash of each photograph, HR and LR; hashing leaves the interpreter lock, so threads help."""
    files = [path for photo in photos for path in (photo.path, photo.lr_path) if path]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda file: [file.name, _file_hash(file, snapshot)], files))


def _file_hash(path: Path, snapshot: Snapshot) -> str:
    return snapshot.get(("file", path), lambda: sha256_file(path))
