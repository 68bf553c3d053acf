"""The notebooks and params files: those of a project, or those that come with the package where there is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from srgan_lib.layout import LayoutError

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
