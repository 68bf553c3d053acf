"""Load a network or a loss of the user's own, from the file that the parameters name.

The file is the user's own code and runs as such; what it raises comes with file and line (:func:`running`). It is one
self-contained file: the hash of its bytes stands in the fingerprints and in the metadata of a trained network, and
another file beside it would be in neither. No code is taken from a file with weights: whoever opens one gives the file
with the class, whose hash must be the one recorded.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import linecache
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from srgan_lib.errors import InputError, SrganError, one_line
from srgan_lib.files import read_bounded, write_atomic
from srgan_lib.formatting import shortened
from srgan_lib.layout import project_root

LARGEST_FILE = 1_000_000  #: bytes of a file with code


class OwnCodeError(InputError):
    """The user's own code is missing, has changed, or is not what it is used as."""


@dataclass(frozen=True)
class OwnClass:
    """A class (``value``) with the source that defines it: the bytes of a file, or of the notebook's cell."""

    name: str
    file: str
    source: bytes
    value: type

    @property
    def sha256(self) -> str:
        """The hash of the source, in hexadecimal."""
        return hashlib.sha256(self.source).hexdigest()

    def config(self, scale: int) -> dict[str, Any]:
        """Describe a generator of this class for a model file, as plain JSON."""
        return {"architecture": "own", "class": self.name, "file": self.file, "sha256": self.sha256, "scale": scale}

    def keep(self, directory: Path) -> None:
        """Copy the source into ``code/`` of a stage's folder."""
        write_atomic(directory / "code" / self.file, self.source)


#: Where a class is: in a file, in memory (defined in a notebook's cell), or loaded already.
Code = Path | type | OwnClass


@contextmanager
def running(own: Path | type) -> Iterator[None]:
    """Turn whatever the user's own code raises, a file or a class, into an ``OwnCodeError`` with the file and the line.

    That it ends the process is an error, too: results would be missing without a word.
    """
    file = str(own) if isinstance(own, Path) else _file_of(own)
    leave, os._exit = os._exit, sys.exit
    try:
        yield
    except (SrganError, KeyboardInterrupt):
        raise
    except BaseException as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
        line = error.lineno if isinstance(error, SyntaxError) and error.filename == file else (lines or [None])[-1]
        problem = one_line(type(error).__name__, shortened(error))
        if isinstance(error, SystemExit):
            problem = "it ends the program; leave that out"
        elif isinstance(error, SyntaxError):
            problem = f"not Python: {error.msg}"
        shown = file if Path(file).is_file() else getattr(own, "__name__", file)
        raise OwnCodeError.at(shown, f"line {line}: {problem}" if line else problem) from error
    finally:
        os._exit = leave


def locate(reference: str) -> tuple[Path, str]:
    """Split ``FILE.py:Class`` into the file, relative to the project's root unless absolute, and the class's name."""
    file, _, name = reference.rpartition(":")
    return project_root() / file, name


def check_reference(reference: str) -> None:
    """Check, without running it, that a file is there and defines the class; else raise ``OwnCodeError``."""
    path, name = locate(reference)
    with running(path):
        tree = ast.parse(_read(path), str(path))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    if name not in classes:
        raise OwnCodeError(f"{path} defines no class {name!r}; it defines {', '.join(classes) or 'none'}")


def own_class(code: Code, name: str, sha256: str | None = None) -> OwnClass:
    """Load a class; the code of its file runs, if the hash of the source is the one given, and may raise anything.

    ``OwnCodeError`` if the file or the class is not there, has another hash, or its source cannot be read.
    """
    if isinstance(code, OwnClass):
        source, file = code.source, code.file
    elif isinstance(code, Path):
        source, file = _read(code), code.name
    else:
        source, file = _source_in_memory(code), f"{name}.py"
    if sha256 not in (None, hashlib.sha256(source).hexdigest()):
        raise OwnCodeError(
            f"{code} is not the {file} that the network was trained with: their SHA-256 differ; the run keeps a copy "
            "of that one in warmup/code/"
        )
    value = _run(code, source).get(name) if isinstance(code, Path) else getattr(code, "value", code)
    if not isinstance(value, type):
        raise OwnCodeError(f"{code} defines no class {name!r}")
    return OwnClass(name, file, source, value)


def recorded_class(code: Code | None, config: Mapping[str, Any]) -> OwnClass:
    """Load the class that a model file's configuration records; ``OwnCodeError`` without it, or for other code."""
    if code is None:
        raise OwnCodeError(
            f"its network is the class {config['class']} of {config['file']}, which is not part of the file with "
            f"weights; give {config['file']} as well (srgan upscale: --code FILE)"
        )
    return own_class(code, config["class"], config["sha256"])


def _run(path: Path, source: bytes) -> dict[str, Any]:
    """Run a file and return what it defines."""
    module = ModuleType(f"own_{hashlib.sha256(source).hexdigest()[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    with running(path):
        exec(compile(source, str(path), "exec"), module.__dict__)
    return module.__dict__


def _source_in_memory(kind: type) -> bytes:
    """Read the file or the notebook's cell that defines a class."""
    lines = linecache.getlines(_file_of(kind))
    if not lines:
        raise OwnCodeError(f"the source of {kind.__name__} cannot be read; define the class in a file or in one cell")
    return "".join(lines).encode()


def _file_of(kind: type) -> str:
    """Name the file, real or a notebook's cell, in which a class's functions are; empty for a class without any."""
    functions = [inspect.unwrap(value) for value in vars(kind).values() if isinstance(value, FunctionType)]
    return functions[0].__code__.co_filename if functions else ""


def _read(path: Path) -> bytes:
    try:
        return read_bounded(path, LARGEST_FILE)
    except OSError as error:
        raise OwnCodeError.at(path, f"cannot be read: {error.strerror}") from None
