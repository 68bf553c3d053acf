"""Where a command may write: never over what it reads, and over what is there only when it is told to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Set
from pathlib import Path

from srgan_lib.errors import InputError

LONGEST_NAME = 255  #: bytes, on the usual file systems; where there is no folder yet, none of them can be asked


class OutputError(InputError):
    """A place where the result cannot or must not be written; ``path`` names it."""


class OutputExists(OutputError):
    """A file that is there already, and is replaced only when that is asked for."""


def identities(files: Iterable[Path]) -> set[tuple[int, int]]:
    """Tell files by device and number, under whatever names, links and capitals they go; missing ones have none."""
    return {(found.st_dev, found.st_ino) for file in files if os.path.exists(file) for found in (file.stat(),)}


def check_output(target: Path, read: Set[tuple[int, int]], *, force: bool) -> None:
    """Check, before anything is computed, that a file may be written, with ``force`` also over another one.

    ``read`` are the :func:`identities` of what the command reads, which nothing may replace. :class:`OutputExists` says
    that a file is there and ``force`` is not given, and :class:`OutputError` that it is an input or no regular file, or
    that the name cannot be one.
    """
    if len(os.fsencode(target.name)) > LONGEST_NAME:
        raise OutputError.at(target, "the name is too long; choose a shorter one")
    try:
        there = target.stat()
    except FileNotFoundError:
        if target.is_symlink() and not force:
            raise OutputError.at(target, "is a link to nothing; choose another name, or use --force") from None
        return
    except OSError as error:
        raise OutputError.at(target, f"cannot be written ({error.strerror}); choose another name") from None
    if not stat.S_ISREG(there.st_mode):
        raise OutputError.at(target, "a folder or the like is there already; choose another name, or move it away")
    if (there.st_dev, there.st_ino) in read:
        raise OutputError(f"{target} is the original; give the result another name", path=target)
    if not force:
        raise OutputExists(f"{target} exists already; choose another name, or use --force to replace it", path=target)
