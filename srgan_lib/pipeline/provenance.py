"""Fingerprints: what decides a stage's result, hashed, and the manifests that record it.

A stage's fingerprint covers its notebook's code cells, the syntax tree of every library module that
the notebook imports (directly or not) with the data beside it, its resolved parameters, the environment that decides the
arithmetic, the fingerprints of the stages it reads, and its input data. Prose, comments and
docstrings do not count, nor do the parts of the library that decide no result (:data:`NOT_HASHED`).

A training's fingerprint is narrower: it covers the modules that decide its numbers
(:mod:`srgan_lib.training.fingerprint`), not those that write, warn or download, and not the wording of errors. A stage
that runs again under the same training fingerprint keeps its weights.
"""

from __future__ import annotations

import ast
import json
import platform
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import srgan_lib
from srgan_lib import weights
from srgan_lib.data.photos import Photo
from srgan_lib.data.sources import DatasetMissing, find_photos
from srgan_lib.files import digest, sha256_file
from srgan_lib.models.backbones import LPIPS_BACKBONES, find_backbone
from srgan_lib.models.own_code import locate
from srgan_lib.models.vgg19 import layer_index
from srgan_lib.params import LOCATION_PARAMETERS, NOT_HASHED_FOR_TRAINING, Params, is_own
from srgan_lib.training.fingerprint import deciding_modules

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "pillow", "scikit-image", "lpips", "piq")
MISSING = "missing"
UNKNOWN = "unknown"  # begins what depends on data that are not on this disk yet
#: Parts of the library that decide no result: they move files and show what is there, and what ``params`` decides is the
#: parameters' values, which are hashed.
NOT_HASHED = ("pipeline", "report", "sweep", "interactive", "params", "cli", "errors", "layout", "markup", "colab")

Value = TypeVar("Value")
_LOOK: ContextVar[dict[Hashable, Any] | None] = ContextVar("look", default=None)


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
        for piece, label in (
            ("parameters", "parameter"),
            ("modules", "library module"),
            ("environment", "environment:"),
            ("upstream", "upstream stage"),
        ):
            old, new = before.get(piece, {}), getattr(self, piece)
            for key in sorted(old.keys() | new.keys()):
                if old.get(key) != new.get(key):
                    values = f" ({old.get(key)} → {new.get(key)})" if piece in ("parameters", "environment") else ""
                    words.append(f"{label} {key} changed{values}")
        words += [
            f"{label} changed"
            for piece, label in (("notebook", "the notebook's code"), ("data", "the input data"))
            if before.get(piece) != getattr(self, piece)
        ]
        return words


@contextmanager
def one_look() -> Iterator[None]:
    """Look at each input only once inside: a thousand runs are planned from what lies on the disk at one time."""
    token = _LOOK.set({})
    try:
        yield
    finally:
        _LOOK.reset(token)


def stage_components(
    stage: str, params: Params, notebook: Path, upstream: Mapping[str, str], *, fetching: bool = False
) -> Components:
    """Everything that decides the result of ``stage`` under resolved ``params``.

    Parameters
    ----------
    params : resolved (nothing ``auto`` or ``available``).
    notebook : the stage's notebook file.
    upstream : fingerprints of the stages it reads.
    fetching : whether weights that a stage can do without will be fetched first, so that they are unknown, not missing.
    """
    tree, modules = _looked(("notebook", notebook), lambda: _notebook_hashes(notebook))
    return Components(
        notebook=tree,
        modules=modules,
        parameters={k: v for k, v in params.stage(stage).items() if k not in LOCATION_PARAMETERS},
        environment=environment(stage, params, fetching=fetching),
        upstream=dict(upstream),
        data=data_hash(stage, params),
    )


def training_fingerprint(
    stage: str, params: Params, components: Components, inputs: Sequence[Path], code: Path | None = None
) -> str:
    """Hash what decides the weights and curves alone, so that editing a figure of a notebook never trains again.

    It covers the modules that decide them, but for the messages in these; the parameters (but for those that decide
    neither) and the environment like the stage's fingerprint; and the *contents* of the files read from earlier stages
    instead of their fingerprints.

    Parameters
    ----------
    stage : one that trains.
    params : resolved; only the ``shared`` section and the stage's own are looked at.
    components : the stage's.
    inputs : files of earlier stages; the warm-up's network among them for ``adversarial``.
    code : the file with the generator's class, if it is the user's own.
    """
    return digest(
        [
            training_hashes(deciding_modules(stage, params, _architecture(stage, params, inputs))),
            {name: value for name, value in components.parameters.items() if name not in NOT_HASHED_FOR_TRAINING},
            components.environment,
            [sha256_file(path) for path in inputs],
            own_code([code]) if code else {},
        ]
    )


def training_hashes(modules: Iterable[str]) -> dict[str, str]:
    """Hash the syntax trees of modules, without docstrings, the messages of errors and what is logged."""
    files = {name: _existing_module_file(name) for name in modules}
    return {name: _silent_tree_hash(path, path.stat().st_mtime_ns) for name, path in files.items()}


def environment(stage: str, params: Params, *, fetching: bool = False) -> dict[str, str]:
    """Versions and files outside the repository that decide the stage's arithmetic; parameters as above."""
    found = {name: version(name) for name in PACKAGES} | {
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    section = getattr(params, stage)
    if getattr(section, "content_weight", 0) and section.content_weights == "imagenet":
        found["vgg19"] = _backbone_hash("vgg19", max(section.content_layers, key=layer_index)) or UNKNOWN
    found |= own_code(own_files(stage, params))
    if stage == "evaluation":
        absent = UNKNOWN if fetching else MISSING
        found |= {LPIPS_BACKBONES[net]: _backbone_hash(LPIPS_BACKBONES[net]) or absent for net in section.lpips_nets}
        if section.reference_models:
            shipped = weights.reference_models(params.shared.scale).values()
            found |= {path.name: _file_hash(path, path.stat().st_mtime_ns) for path in shipped}
    return found


def own_files(stage: str, params: Params) -> list[Path]:
    """List the files of the user's own code that a stage's parameters name."""
    section = getattr(params, stage)
    names = [getattr(section, "generator", ""), *getattr(section, "extra_losses", {})]
    return sorted({locate(name)[0] for name in names if is_own(name)})


def own_code(files: Iterable[Path]) -> dict[str, str]:
    """Hash files of the user's own code, and the library modules that each imports."""
    found = {}
    for file in files:
        found[f"code {file.name}"] = sha256_file(file) if file.is_file() else MISSING
        if file.is_file():
            found[f"library code of {file.name}"] = digest(module_hashes([file.read_text(encoding="utf-8")]))
    return found


def data_hash(stage: str, params: Params) -> str:
    """Hash of all image files that a stage reads from outside the run; ``unknown: …`` where a set is not here yet."""
    shared, evaluation = params.shared, params.evaluation
    own = (shared.dataset, shared.scale, shared.image_folder, shared.lr_folder)
    judged = (tuple(evaluation.test_sets), tuple(evaluation.methods.values())) if stage == "evaluation" else ((), ())
    return _looked(("data", own, judged), lambda: _data_hash(*own, *judged))


def module_hashes(sources: Iterable[str]) -> dict[str, str]:
    """The library modules that pieces of code import, directly or through others, each with its tree's hash."""
    waiting = [name for source in sources for name in _imports(source)]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        path = _module_file(name)
        if name not in found and path:
            tree, imports = _module(path, path.stat().st_mtime_ns)
            data = [_file_hash(file, file.stat().st_mtime_ns) for file in _data_of(path)]
            found[name] = digest([tree, *data]) if data else tree
            waiting += imports
    return dict(sorted(found.items()))


def source_hash(package: str) -> str:
    """Hash of all files of one package of the library, templates too."""
    folder = Path(srgan_lib.__file__).parent / package
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    return digest([[p.relative_to(folder).as_posix(), sha256_file(p)] for p in files])


@cache
def version(package: str) -> str:
    """The installed version of a package, read without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return MISSING


def output_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every result file of a stage, by its path inside the folder."""
    passing = {"manifest.json", "progress.json"}
    files = [
        p
        for p in sorted(folder.rglob("*"))
        if p.is_file()
        and p.name not in passing
        and not p.name.startswith(".")
        and p.suffix != ".ipynb"
        and "checkpoints" not in p.relative_to(folder).parts
    ]
    return {p.relative_to(folder).as_posix(): sha256_file(p) for p in files}


def _looked(what: Hashable, look: Callable[[], Value]) -> Value:
    """What ``look`` finds; inside :func:`one_look` it is asked only once."""
    seen = _LOOK.get()
    if seen is None:
        return look()
    if what not in seen:
        seen[what] = look()
    return seen[what]


def _notebook_hashes(notebook: Path) -> tuple[str, dict[str, str]]:
    """A notebook's code as a hash, and the modules that it imports."""
    code = _code_cells(notebook, notebook.stat().st_mtime_ns)
    return _code_hash(code, notebook), module_hashes(code)


def _data_hash(
    dataset: str,
    scale: int,
    image_folder: str | None,
    lr_folder: str | None,
    test_sets: Iterable[str],
    methods: Iterable[str],
) -> str:
    try:
        photos = find_photos(dataset, scale=scale, image_folder=image_folder, lr_folder=lr_folder)
        for name in test_sets:
            photos += find_photos(name, scale=scale) if name != "heldout" else []
    except DatasetMissing as error:
        return f"{UNKNOWN}: {error.name}"
    # Of other methods: a file with weights, or a folder of images, which may have subfolders for test sets.
    indices = [Path(index, *sub) for index in methods for sub in ((), (dataset,), *((name,) for name in test_sets))]
    files = [file for index in indices for file in (sorted(index.glob("*")) if index.is_dir() else [index])]
    return digest([*_photo_hashes(photos), *[[file.name, sha256_file(file)] for file in files if file.is_file()]])


@cache
def _code_cells(notebook: Path, _mtime: int) -> tuple[str, ...]:
    """Sources of the code cells that compute: without parameters (their values count) and the Colab set-up."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    skipped = {"parameters", "injected-parameters", "colab"}
    return tuple(
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and not skipped & set(cell.get("metadata", {}).get("tags", []))
    )


@cache
def _code_hash(code: tuple[str, ...], notebook: Path) -> str:
    return digest([_tree(source, str(notebook)) for source in code])


def _architecture(stage: str, params: Params, inputs: Iterable[Path]) -> str:
    """Name the architecture of the network that a stage trains to enlarge."""
    if stage != "adversarial":
        name = getattr(getattr(params, stage), "generator", stage)
        return "own" if is_own(name) else name
    from srgan_lib.models.files import load_tensors  # with torch, which planning does without

    (warmup,) = (path for path in inputs if path.suffix == ".safetensors")
    return load_tensors(warmup)[1]["config"]["architecture"]


def _existing_module_file(name: str) -> Path:
    path = _module_file(name)
    if path is None:
        raise LookupError(f"{name}: no module of the library; correct srgan_lib/training/fingerprint.py")
    return path


@cache
def _silent_tree_hash(path: Path, _mtime: int) -> str:
    tree = _WithoutMessages().visit(_parsed(path.read_text(encoding="utf-8"), str(path)))
    return digest(ast.dump(tree))


class _WithoutMessages(ast.NodeTransformer):
    """Leaves out of a syntax tree what errors say and what is logged: it decides no number."""

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        """Keep the class of the error."""
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | ast.Pass:
        """Drop calls of ``logger``'s methods."""
        match node.value:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"))):
                return ast.Pass()
        return node


def _tree(source: str, where: str) -> str:
    """A source's syntax tree as text, without comments (never in it) and docstrings."""
    return ast.dump(_parsed(source, where))


def _parsed(source: str, where: str) -> ast.Module:
    """Parse a source, dropping docstrings."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise SyntaxError(f"{where}, line {error.lineno}: {error.msg}") from None
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return tree


def _imports(source: str) -> list[str]:
    """Library modules that a source imports anywhere, lazily too, but for those that decide no result."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    left_out = tuple(f"srgan_lib.{name}" for name in NOT_HASHED)
    return sorted(n for n in names if n.split(".")[0] == "srgan_lib" and not n.startswith(left_out) and _module_file(n))


@cache
def _module_file(name: str) -> Path | None:
    """The file of a library module, or none for a name that is no module (a function, say)."""
    base = Path(srgan_lib.__file__).parent.joinpath(*name.split(".")[1:])
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


@cache
def _module(path: Path, _mtime: int) -> tuple[str, list[str]]:
    source = path.read_text(encoding="utf-8")
    return digest(_tree(source, str(path))), _imports(source)


@cache
def _data_of(module: Path) -> tuple[Path, ...]:
    """The files that go with a module, called like it: ``published.csv`` with ``published.py``."""
    files = (module.with_suffix(suffix) for suffix in (".csv", ".mplstyle"))
    return tuple(file for file in files if file.is_file())


def _backbone_hash(name: str, layer: str | None = None) -> str | None:
    def look() -> str | None:
        path = find_backbone(name, layer)
        return _file_hash(path, path.stat().st_mtime_ns) if path else None

    return _looked(("backbone", name, layer), look)


def _photo_hashes(photos: list[Photo]) -> list[list[str]]:
    """Name and content hash of each photograph, HR and LR; hashing leaves the interpreter lock, so threads help."""
    files = [path for photo in photos for path in (photo.path, photo.lr_path) if path]
    with ThreadPoolExecutor() as pool:
        return [
            [file.name, value]
            for file, value in zip(files, pool.map(lambda p: _file_hash(p, p.stat().st_mtime_ns), files), strict=True)
        ]


@cache
def _file_hash(path: Path, _mtime: int) -> str:
    return sha256_file(path)
