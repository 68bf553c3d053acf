"""Hash source code by its syntax tree: comments and docstrings do not count, what is imported does."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import srgan_lib
from srgan_lib.files import Snapshot, digest, load_json, sha256_file

#: Parts of the library that decide no result: they move files and show what is there, and what ``params`` decides is the
#: parameters' values, which are hashed.
NOT_HASHED = ("pipeline", "interactive", "params", "downloads", "errors", "layout", "markup", "messages")


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
    found = {}
    for name in modules:
        if (path := _module_file(name)) is None:
            raise LookupError(f"{name}: no module of the library; correct srgan_lib/training/fingerprint.py")
        found[name] = digest(_tree(path.read_text(encoding="utf-8"), path, silent=True))
    return found


def source_hash(package: str) -> str:
    """Hash of all files of one package of the library, templates too."""
    folder = Path(srgan_lib.__file__).parent / package
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    return digest([[p.relative_to(folder).as_posix(), sha256_file(p)] for p in files])


class _WithoutWords(ast.NodeTransformer):
    """Leaves docstrings out of a syntax tree, which has no comments, and if ``silent`` what errors say and what is logged."""

    def __init__(self, silent: bool) -> None:
        self.silent = silent

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Drop docstrings and calls of ``logger``'s methods."""
        match node.value:
            case ast.Constant(value=str()):
                return None
            case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"))) if self.silent:
                return None
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        """Keep the class of the error."""
        if self.silent and isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        return node


def _tree(source: str, where: Path, *, silent: bool = False) -> str:
    """A source's syntax tree as text, without words for people."""
    try:
        return ast.dump(_WithoutWords(silent).visit(ast.parse(source)))
    except SyntaxError as error:
        raise SyntaxError(f"{where}, line {error.lineno}: {error.msg}") from None


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
    data = [sha256_file(file) for suffix in (".csv", ".mplstyle") if (file := path.with_suffix(suffix)).is_file()]
    return digest([_tree(source, path), *data]), _imports(source)
