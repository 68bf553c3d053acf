"""A project on disk: its notebooks and params files, or those that come with the package, and where its runs lie."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from srgan_lib.layout import REPEATS, LayoutError

_HERE = Path(__file__).parent
#: The folder with ``notebooks/`` and ``params/`` that come with the package: in it if installed, around it in a clone.
SHIPPED = _HERE / "project" if (_HERE / "project").is_dir() else _HERE.parent


def find(root: Path, path: Path) -> Path:
    """Return a file of the project ``root``, or, where the project has none of that name, the package's own.

    The path is relative to it, such as ``notebooks/03_warmup.ipynb`` or ``params/demo.yaml``; an absolute one stays.
    """
    own, shipped = root / path, SHIPPED / path
    return shipped if os.path.exists(shipped) and not os.path.exists(own) else own


def write_project(folder: Path) -> list[Path]:
    """Copy the notebooks and params files that come with the package into a folder, which must have neither."""
    targets = [folder / name for name in ("notebooks", "params")]
    ignored = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")
    for target in targets:
        if target.exists():
            raise LayoutError.at(target, "already there, and nothing was written; choose another folder")
    for target in targets:
        shutil.copytree(SHIPPED / target.name, target, ignore=ignored)
    return targets


def results_folder(run_dir: Path) -> Path:
    """Return the folder of all runs, which share what they compute.

    A run lies in it, in its ``sweeps/<sweep>/``, or as a repeated training in another run's :data:`REPEATS`.
    """
    if run_dir.parent.name == REPEATS:
        return results_folder(run_dir.parents[1])
    return run_dir.parents[2] if run_dir.parents[1].name == "sweeps" else run_dir.parent


def run_folder(results: Path, name: str, option: str = "--run") -> Path:
    """Return the folder of a run; a LayoutError refuses names that lead outside or that file systems dislike.

    ``option`` is that of the command line which gives another name than the file's.
    """
    allowed = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) and not name.endswith(".")
    reserved = re.fullmatch(r"(reference|sweeps|(con|prn|aux|nul|com\d|lpt\d)(\..*)?)", name, re.IGNORECASE)
    if not allowed or reserved:
        fit = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")[:80].rstrip(".") or "mine"
        fit = f"my_{fit}" if reserved else fit
        raise LayoutError(
            f"run name {name[:120]!r}: use at most 100 letters, digits, '.', '_' and '-', starting with a letter or "
            "digit and not ending with '.', and neither 'reference', 'sweeps' nor a name that Windows reserves, such "
            f"as 'con'; results always go to a folder of that name under results/: give one by {option}, such as {fit}"
        )
    return results / name


def make_results(folder: Path) -> None:
    """Make the folder of all runs where it is missing; a :class:`LayoutError` says why it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        problem = "" if os.access(folder, os.W_OK | os.X_OK) else "permission denied"
    except FileExistsError:
        problem = "is a file"
    except OSError as error:
        problem = error.strerror
    if problem:
        raise LayoutError.at(
            folder, f"results cannot be written there ({problem}); choose another folder with --results"
        )
