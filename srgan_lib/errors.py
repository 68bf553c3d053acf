"""The errors meant for people: each says in a sentence what is wrong, where, what is allowed and what to do.

Only these are shown without a traceback, in the terminal as in a notebook; any other exception is a fault of the
program and keeps its traceback. ``SRGAN_DEBUG`` (``srgan --debug``) shows the traceback of all.
"""

from __future__ import annotations

import errno
import os
import signal
import traceback
from pathlib import Path
from typing import ClassVar, Self

from srgan_lib.formatting import printable

#: What is wrong with a file or folder and what to do, by error number; of others the system's words are said.
_STORAGE_PROBLEMS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EFBIG: "files may not become as large as this one here; raise the limit (ulimit -f), or choose another disk",
    errno.EACCES: "permission denied; change the permissions (and the umask), or choose another place",
    errno.EPERM: "permission denied; change the permissions (and the umask), or choose another place",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENAMETOOLONG: "the name is too long; give a shorter one",
    errno.ENOENT: "no such file or folder; check the path (and HOME, if it leads there)",
    errno.ENOTDIR: "a part of this path is a file, where a folder is needed; move it away, or give another path",
    errno.EISDIR: "a folder, where a file is needed; move it away, or give another path",
    errno.EEXIST: "already there; move it away, or give another path",
    errno.ELOOP: "a symbolic link, or a circle of them, where none is followed; delete the link, or give another path",
    errno.ENOMEM: "not enough memory; close other programs, or raise the limit (ulimit -v)",
    errno.EMFILE: "too many open files; raise the limit (ulimit -n)",
}
_REMEDY = "choose another place, or see 'srgan --debug' for where it happened"
#: Of messages by which libraries say that there is no memory.
_NO_MEMORY = ("Cannot allocate memory", "failed to map segment", "can't start new thread", "can't allocate memory")
#: What ends a command in order, so that it keeps what is finished; a second one ends it at once.
STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class SrganError(Exception):
    """Something failed in a way that the message explains; ``path`` is the file or folder at fault, if there is one.

    The message may have several lines. What else a terminal would obey in it, and all that in the path, is escaped.
    """

    #: Of the command that the error ends: 1 for a failed computation, 2 for wrong input, 130 after Ctrl-C.
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, path: str | Path | None = None) -> None:
        if path is not None:
            message = message.replace(str(path), printable(path))
        super().__init__(printable(message, keep="\n"))
        self.path = None if path is None else Path(path)

    @classmethod
    def at(cls, path: str | Path, problem: str) -> Self:
        """Name the file or folder at fault, first in the sentence and as ``path``."""
        return cls(f"{path}: {problem}", path=path)

    def _render_traceback_(self) -> list[str]:
        """Give IPython what it shows of the error: the message alone, which also marks it as meant for people."""
        return traceback.format_exception(self) if debugging() else [one_line(type(self).__name__, str(self))]


class InputError(SrganError):
    """Wrong input, found before anything is computed."""

    exit_code = 2


class Interrupted(SrganError):
    """A training or a run was stopped by the user; the message says how to continue."""

    exit_code = 130


class PackageMissing(InputError):
    """An optional package that a parameter asks for is not installed."""


class MetricUnavailable(SrganError):
    """A metric cannot be computed here; the message says why and what to do."""


class StorageError(SrganError):
    """A file cannot be read or written for a reason that the user can mend: a full disk, missing permissions."""

    errno: int | None = None  #: of the operating system


def one_line(kind: str, message: str) -> str:
    """Put an error into one line as Python does: its class and its message."""
    return f"{kind}: {message}" if message else kind


def storage_error(number: int | None, path: str | Path | None = None, words: str = "") -> StorageError | None:
    """Explain an ``errno``, of a file where it is known; None without a number: then the program is at fault.

    ``words`` are the error's own, of a number about which no more is known.
    """
    if not number:
        return None
    problem = _STORAGE_PROBLEMS.get(number, f"{words or os.strerror(number)}; {_REMEDY}")
    error = StorageError(f"{path}: {problem}" if path else problem, path=path)
    error.errno = number
    return error


def explained(error: BaseException) -> SrganError | None:
    """Put what the machine refuses (a file, memory, depth) into a sentence; None for a fault of the program."""
    if isinstance(error, OSError) and error.errno != errno.EPIPE:  # the reader of a pipe may leave
        path = error.filename2 or error.filename
        path = os.fsdecode(path) if isinstance(path, str | bytes) else None
        return storage_error(error.errno, path, error.strerror or "")
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
        return SrganError(
            "not enough memory; take a smaller batch, crop or tile, close other programs, or raise the limit "
            f"(ulimit -v, ulimit -u){f' ({error})' if str(error) else ''}"
        )
    if isinstance(error, RecursionError):
        return SrganError("something that was read is nested too deeply; 'srgan --debug' shows where")
    return None


def debugging() -> bool:
    """Tell whether the traceback of every error is to be shown."""
    return bool(os.environ.get("SRGAN_DEBUG"))


def traceback_text(error: BaseException) -> str:
    """Tell where an error was raised; of one meant for people its notes alone (of another process, perhaps)."""
    if isinstance(error, SrganError) and not debugging():
        return "\n".join(getattr(error, "__notes__", ()))
    return "".join(traceback.format_exception(error)).rstrip()
