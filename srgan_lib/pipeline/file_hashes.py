"""Hash a folder's files, reading again only those whose size or times have changed since they were last read.

Sizes, times and hashes are kept in the hidden file ``.hashes.json`` beside the files: not in the manifest, which would
else differ from one copy of a folder to the next. Whoever does not trust the times asks for ``check``.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from srgan_lib.files import read_json, sha256_file, write_json

CACHE = ".hashes.json"


def file_hashes(folder: Path, names: Iterable[str], *, check: bool = False) -> dict[str, str]:
    """Hash files of a folder by SHA-256; nothing is written.

    Parameters
    ----------
    names : of the files, relative to the folder; those that are not there have no hash.
    check : read every file, even if its size and times are those of the last time.
    """
    return {name: entry[-1] for name, entry in _entries(folder, names, {} if check else _known(folder)).items()}


def remember_hashes(folder: Path, names: Iterable[str]) -> None:
    """Keep sizes, times and hashes of files of a folder, so that they need not be read the next time."""
    known = _known(folder)
    entries = _entries(folder, names, known)
    if entries != known:
        write_json(folder / CACHE, entries)


def _known(folder: Path) -> dict[str, Any]:
    return read_json(folder / CACHE) or {}


def _entries(folder: Path, names: Iterable[str], known: dict[str, Any]) -> dict[str, list[Any]]:
    """Per file its size, the times at which its content and its inode changed, and its hash."""
    found = {}
    for name in names:
        path = folder / name
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                continue
            marks = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
            entry = known.get(name)
            seen = isinstance(entry, list) and entry[:-1] == marks
            found[name] = entry if seen else [*marks, sha256_file(path)]
        except (FileNotFoundError, NotADirectoryError):
            continue
    return found
