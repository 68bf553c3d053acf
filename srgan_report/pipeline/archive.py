"""``srgan_results.zip``: what a reader of a study needs of a run, and a list of what was left out."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from srgan_lib.files import atomic_path
from srgan_lib.formatting import counted
from srgan_report.opinion.study import TABLES
from srgan_report.pipeline import manifests

ARCHIVE = "srgan_results.zip"
LEFT_OUT = "left_out.txt"
ROOM = 24_000_000  #: bytes up to which further files find room
#: By pattern, what no reader of the study needs, and what has been put last where room is short.
ON_REQUEST = ("evaluation/images/*", "adversarial/discriminator.safetensors", "*/checkpoints/*")
WITH_ROOM = ("srcnn/*.safetensors", "warmup/*.safetensors", "evaluation/viewer/*", "*/figures/*")


def write_archive(
    run_dir: Path, stages: Mapping[str, Any], report: Iterable[str], top: Mapping[str, str], everything: bool = False
) -> Path:
    """Write the archive of what a run's manifests record; the same files give the same bytes.

    Of a study with people it holds the scores, and not the key to the methods. Unless ``everything`` is asked for, it
    leaves out what is for training alone, and copies, and what is shown in the report, too, where it has no room.

    Parameters
    ----------
    stages : their manifests, by name.
    report : the report's files.
    top : of the other files at the run's top, which are copies, what they are copies of.
    """
    target = run_dir / ARCHIVE
    recorded = [
        f"{stage}/{name}" for stage, manifest in stages.items() for name in (*manifest["outputs"], manifests.NAME)
    ]
    further = [
        path.relative_to(run_dir).as_posix() for one in (TABLES, "*/checkpoints/*") for path in run_dir.glob(one)
    ]
    names = sorted({*recorded, *further, *top, *report, manifests.NAME})
    copies = {origin: name for name, origin in top.items()}
    left_out: dict[str, int] = {}  # by name, bytes
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:

        def write(name: str, content: bytes) -> int:
            entry = zipfile.ZipInfo(f"{run_dir.name}/{name}", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
            return entry.compress_size

        room = ROOM
        for name in sorted(names, key=_rank):
            size = (run_dir / name).stat().st_size
            unasked = name in copies or _matches(name, ON_REQUEST)
            if not everything and (unasked or (_matches(name, WITH_ROOM) and size > room)):
                left_out[name] = size
            else:
                room -= write(name, (run_dir / name).read_bytes())
        if left_out:
            write(LEFT_OUT, _list(run_dir.name, left_out, copies).encode())
    return target


def _rank(name: str) -> int:
    """A file's place in the order in which files find room; those of no pattern come first."""
    return next((rank for rank, pattern in enumerate(WITH_ROOM, 1) if fnmatch(name, pattern)), 0)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _list(run: str, left_out: Mapping[str, int], copies: Mapping[str, str]) -> str:
    """Name what was left out, and the command that brings it."""
    amount = f"{counted(len(left_out), 'file')}, {sum(left_out.values()) / 1e6:,.1f} MB"
    head = f"Left out of this archive: {amount}. 'srgan report {run} --archive-all' writes it with them.\n"
    lines = [
        f"{size:>13,} bytes  {name}{f', which is {copies[name]}' if name in copies else ''}"
        for name, size in left_out.items()
    ]
    return "\n".join([head, *lines, ""])
