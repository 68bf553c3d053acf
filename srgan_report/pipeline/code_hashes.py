"""Hash source code by its syntax tree: comments and docstrings do not count, what is imported does."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import srgan_lib
from srgan_lib.files import Snapshot, digest, load_json, sha256_file
from srgan_lib.layout import STAGES

PACKAGES = ("srgan_lib", "srgan_report")
ROOT = Path(srgan_lib.__file__).parents[1]  #: the folder of both packages
#: Parts that decide no result: they move files and show what is there, and what ``params`` decides is the parameters'
#: values, which are hashed.
NOT_HASHED = (
    *("srgan_lib.params", "srgan_lib.downloads", "srgan_lib.errors", "srgan_lib.layout", "srgan_lib.log"),
    *("srgan_report.pipeline", "srgan_report.interactive", "srgan_report.exhibits.markup"),
)
#: Parts that trainings call besides, though none of their numbers depends on how: they find and download files, of
#: which the contents are hashed, and watch.
FINDING_AND_WATCHING = (
    "srgan_lib.data.folders",
    "srgan_lib.data.sources",
    "srgan_lib.models.backbones",
    "srgan_lib.models.shipped",
    "srgan_lib.training.observers",
)


def notebook_hashes(notebook: Path, snapshot: Snapshot) -> tuple[str, dict[str, str]]:
    """Hash the code cells of a notebook that compute, and each library module that they import.

    Parameters count by their values, and Colab's set-up does not.
    """

    def read() -> tuple[str, dict[str, str]]:
        skipped = {"parameters", "injected-parameters", "colab"}
        code = [
            "".join(cell["source"])
            for cell in load_json(notebook)["cells"]
            if cell["cell_type"] == "code" and not skipped & set(cell.get("metadata", {}).get("tags", []))
        ]
        return digest([_tree(source, notebook) for source in code]), module_hashes(code, snapshot)

    return snapshot.get(("notebook", notebook), read)


def module_hashes(sources: Iterable[str], snapshot: Snapshot, left_out: tuple[str, ...] = ()) -> dict[str, str]:
    """Hash both packages' modules that pieces of code import, directly or through others, with the data beside each.

    Parts that are left out do not count, nor does what only they import.
    """
    waiting = [name for source in sources for name in _imports(source)]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name not in found and not name.startswith(left_out) and (path := _module_file(name)):
            found[name], imports = snapshot.get(("module", path), lambda path=path: _module(path))
            waiting += imports
    return dict(sorted(found.items()))


def training_hashes(stage: str, snapshot: Snapshot) -> dict[str, str]:
    """Hash the library modules that a stage's trainer and the reading of its images import."""
    return module_hashes([f"import {STAGES[stage].trainer}, srgan_lib.data.pairs"], snapshot, FINDING_AND_WATCHING)


def source_hash(package: str) -> str:
    """Hash of all files of a package, templates too; ``package``: ``srgan_report.report``, for instance."""
    folder = ROOT.joinpath(*package.split("."))
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    return digest([[p.relative_to(folder).as_posix(), sha256_file(p)] for p in files])


def _tree(source: str, where: Path) -> str:
    """A source's syntax tree as text, without comments (never in it) and docstrings."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise SyntaxError(f"{where}, line {error.lineno}: {error.msg}") from None
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(node):
                node.body = node.body[1:]
    return ast.dump(tree)


def _imports(source: str) -> list[str]:
    """Modules of both packages that a source imports anywhere, lazily too, but for those that decide no result."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return sorted(n for n in names if n.startswith(PACKAGES) and not n.startswith(NOT_HASHED) and _module_file(n))


def _module_file(name: str) -> Path | None:
    """The file of a module, or none for a name that is no module (a function, say)."""
    base = ROOT.joinpath(*name.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def _module(path: Path) -> tuple[str, list[str]]:
    """Hash a module with the files called like it (``published.csv`` with ``published.py``); and list its imports."""
    source = path.read_text(encoding="utf-8")
    data = [sha256_file(file) for suffix in (".csv", ".mplstyle") if (file := path.with_suffix(suffix)).is_file()]
    return digest([_tree(source, path), *data]), _imports(source)
