"""Hash source code by its syntax tree: comments and docstrings do not count, what is imported does."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from pathlib import Path

import srgan_lib
from srgan_lib.files import Snapshot, digest, sha256_file

#: Parts of the library that decide no result: they move files and show what is there, and what ``params`` decides is the
#: parameters' values, which are hashed.
NOT_HASHED = (
    "pipeline",
    "report",
    "sweep",
    "interactive",
    "params",
    "cli",
    "downloads",
    "errors",
    "layout",
    "markup",
    "messages",
    "colab",
)


def notebook_hashes(notebook: Path, snapshot: Snapshot) -> tuple[str, dict[str, str]]:
    """Hash the code cells of a notebook, and each library module that they import."""

    def read() -> tuple[str, dict[str, str]]:
        code = _code_cells(notebook)
        return digest([_tree(source, str(notebook)) for source in code]), module_hashes(code, snapshot)

    return snapshot.get(("notebook", notebook), read)


def module_hashes(sources: Iterable[str], snapshot: Snapshot) -> dict[str, str]:
    """Hash the library modules that pieces of code import, directly or through others, with the data beside each."""
    waiting = [name for source in sources for name in _imports(source)]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name not in found and (path := _module_file(name)):
            found[name], imports = snapshot.get(("module", path), lambda path=path: _module(path))
            waiting += imports
    return dict(sorted(found.items()))


def training_hashes(modules: Iterable[str]) -> dict[str, str]:
    """Hash the syntax trees of modules, without docstrings, the messages of errors and what is logged."""
    files = {name: _existing_module_file(name) for name in modules}
    return {name: _silent_tree_hash(path) for name, path in files.items()}


def source_hash(package: str) -> str:
    """Hash of all files of one package of the library, templates too."""
    folder = Path(srgan_lib.__file__).parent / package
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    return digest([[p.relative_to(folder).as_posix(), sha256_file(p)] for p in files])


def _code_cells(notebook: Path) -> tuple[str, ...]:
    """Sources of the code cells that compute: without parameters (their values count) and the Colab set-up."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    skipped = {"parameters", "injected-parameters", "colab"}
    return tuple(
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and not skipped & set(cell.get("metadata", {}).get("tags", []))
    )


def _existing_module_file(name: str) -> Path:
    path = _module_file(name)
    if path is None:
        raise LookupError(f"{name}: no module of the library; correct srgan_lib/training/fingerprint.py")
    return path


def _silent_tree_hash(path: Path) -> str:
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


def _module_file(name: str) -> Path | None:
    """The file of a library module, or none for a name that is no module (a function, say)."""
    base = Path(srgan_lib.__file__).parent.joinpath(*name.split(".")[1:])
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def _module(path: Path) -> tuple[str, list[str]]:
    """Hash a module with the files called like it (``published.csv`` with ``published.py``); and list its imports."""
    source = path.read_text(encoding="utf-8")
    tree = digest(_tree(source, str(path)))
    data = [file for file in (path.with_suffix(suffix) for suffix in (".csv", ".mplstyle")) if file.is_file()]
    return digest([tree, *map(sha256_file, data)]) if data else tree, _imports(source)
