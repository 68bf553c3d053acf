"""Download files: resumed after a break, verified by their checksum, once per machine, with a progress bar.

This is the only module that touches the network. ``SRGAN_OFFLINE`` forbids it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from filelock import FileLock

from srgan_lib.errors import SrganError
from srgan_lib.formatting import size_text

TRIES = 5  #: attempts without any progress before a download is given up
PAUSE = 2.0  #: seconds before the second attempt; each further one waits as much longer
TIMEOUT = (10, 60)  #: seconds to connect, and between two packets
BLOCK = 2**16  #: bytes; an incomplete block is lost when a connection breaks


class DownloadError(SrganError):
    """Something could not be downloaded: the message says why, and how to get it another way."""


def offline() -> bool:
    """Return whether ``SRGAN_OFFLINE`` forbids downloads: it is set, and neither empty nor 0."""
    return os.environ.get("SRGAN_OFFLINE", "0") not in ("", "0")


def download(urls: Sequence[str], target: Path, checksum: str | None, size: int | None = None) -> Path:
    """Download a file to ``target``, where it appears once it is complete and verified.

    What has arrived is kept beside it as ``<name>.part``; this process or a later one continues there. Of several
    processes one downloads, the others wait for it.

    Parameters
    ----------
    urls : addresses of the same file, tried in turn.
    target : the file; if it is there already, nothing is downloaded.
    checksum : ``md5:…`` or ``sha256:…``, in hexadecimal, at least its first digits; None: not verified.
    size : in bytes, if it is known: a disk without room for it is noticed first.

    Raises
    ------
    DownloadError
        If ``SRGAN_OFFLINE`` forbids it, no address gives the right file, or the disk is full.
    """
    if offline():
        raise DownloadError("SRGAN_OFFLINE forbids downloads")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / f".{target.name}.lock"):
            if not target.exists():
                _check_room(target, size)
                _download_from_any(urls, target, checksum)
    except OSError as error:
        raise DownloadError(f"{target.parent} cannot be written to ({error}); free some room there") from error
    return target


def _check_room(target: Path, size: int | None) -> None:
    wanted = (size or 0) - _size(_part(target))
    free = shutil.disk_usage(target.parent).free
    if wanted > free:
        raise DownloadError(
            f"{target.name} needs {size_text(wanted)} and the disk of {target.parent} has {size_text(free)} left; "
            "free some room there"
        )


def _download_from_any(urls: Sequence[str], target: Path, checksum: str | None) -> None:
    import requests

    part = _part(target)
    reasons = []
    for url in urls:
        try:
            _receive_whole(url, part)
        except requests.HTTPError as error:
            reasons.append(f"{url} answers {error.response.status_code} {error.response.reason}")
        except requests.RequestException as error:
            here = f"; {_size(part):,} bytes are here, run again to continue" if part.exists() else ""
            reasons.append(f"{url} cannot be reached or breaks off ({type(error).__name__}){here}")
        else:
            if checksum is None or _matches(part, checksum):
                part.replace(target)
                return
            part.unlink()
            reasons.append(f"{url} gives another file than expected (its checksum is not {checksum})")
    raise DownloadError("; ".join(reasons))


def _receive_whole(url: str, part: Path) -> None:
    """Receive a file, continued after each break as long as bytes arrive; an address that gives none is given up."""
    import requests

    failures, begun = 0, _size(part)
    received = begun
    while True:
        try:
            _receive(url, part)
            return
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            failures = 1 if _size(part) > received else failures + 1
            received = _size(part)
            if received == begun or failures == TRIES:
                raise
            time.sleep(PAUSE * failures)


def _receive(url: str, part: Path) -> None:
    """Ask for what ``part`` lacks and append it."""
    import requests

    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, stream=True, headers=headers, timeout=TIMEOUT) as response:
        if response.status_code == 416:  # nothing lies beyond what we have
            if response.headers.get("Content-Range") != f"bytes */{have}":  # so it is part of another file
                part.unlink()
                _receive(url, part)
            return
        response.raise_for_status()
        if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0  # a server without ranges sends all of it again
        length = response.headers.get("Content-Length")
        _save(response.iter_content(BLOCK), part, have, have + int(length) if length else None)


def _save(blocks: Iterable[bytes], part: Path, have: int, total: int | None) -> None:
    """Append blocks to a file, or begin it anew where nothing of it is wanted, with a bar in a terminal or notebook."""
    from tqdm.auto import tqdm

    bar = tqdm(desc=part.stem, total=total, initial=have, unit="B", unit_scale=True, unit_divisor=1024, mininterval=0.5)
    with part.open("ab" if have else "wb") as file, bar:
        for block in blocks:
            file.write(block)
            bar.update(len(block))


def _matches(file: Path, checksum: str) -> bool:
    kind, _, expected = checksum.partition(":")
    with file.open("rb") as content:
        return hashlib.file_digest(content, kind).hexdigest().startswith(expected)


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
