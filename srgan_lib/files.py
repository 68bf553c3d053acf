"""Writing files so that a reader never sees half of one, hashing them, and looking at each once."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from srgan_lib.formatting import size_text

Value = TypeVar("Value")
LARGEST_JSON = 64 * 2**20  #: bytes of a JSON file


@contextmanager
def naming(path: Path, stand_in: Path | None = None) -> Iterator[None]:
    """Let an ``OSError`` inside that names no file, or a ``stand_in``, name this one."""
    try:
        yield
    except OSError as error:
        if error.errno and error.filename in (None, str(stand_in)):
            error.filename, error.filename2 = str(path), None
        raise


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success flush it to disk and rename it to ``path``.

    On an exception the temporary file is removed and ``path`` is left as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{hidden_name(path)}.{secrets.token_hex(4)}{path.suffix}")
    try:
        with naming(path, temporary):
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def hidden_name(path: Path) -> str:
    """Return how the names of temporary files of ``path`` begin: like its own, but as short as file systems want it."""
    return "." + os.fsencode(path.stem)[:200].decode(errors="ignore")


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write ``content`` (text as UTF-8) to ``path`` in one step, creating its folder."""
    data = content.encode() if isinstance(content, str) else content
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def check_regular(path: Path, most: int) -> None:
    """Refuse, by an ``OSError``, what never ends when it is read (a FIFO, a device), a folder, and a larger file."""
    status = Path(path).stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "a FIFO, a socket or a device; give a regular file", str(path))
    if status.st_size > most:
        raise OSError(
            errno.EINVAL, f"it has {size_text(status.st_size)}; at most {size_text(most)} are read", str(path)
        )


def read_bounded(path: Path, most: int) -> bytes:
    """Read a regular file of at most so many bytes; ``OSError`` for any other, as of :func:`check_regular`."""
    check_regular(path, most)
    return Path(path).read_bytes()


def sha256_file(path: Path) -> str:
    """Hash a file's bytes by SHA-256, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Snapshot:
    """What planning has read from the disk, each thing once: a thousand runs are planned from one state of it."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, Any] = {}

    def get(self, what: Hashable, read: Callable[[], Value]) -> Value:
        """Return what ``read`` gives, which is called only when ``what`` is asked for the first time."""
        if what not in self._seen:
            self._seen[what] = read()
        return self._seen[what]


def digest(value: Any) -> str:
    """Hash the canonical JSON of a value by SHA-256, in hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def write_json(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write a mapping or a list as JSON in one step."""
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def parse_json(text: str | bytes) -> Any:
    """Parse JSON; a ``ValueError`` if it is none, or its lists are nested more deeply than Python follows."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def load_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that must be there."""
    return parse_json(read_bounded(path, LARGEST_JSON))


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; none where the file is missing or broken, which both mean: not there yet."""
    try:
        content = load_json(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return content if isinstance(content, dict) else None
