"""Download files: resumed after a break, verified by their checksum, once per machine, with a progress bar.

This is the only module that touches the network. ``SRGAN_OFFLINE`` forbids it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from srgan_lib.errors import SrganError, storage_error
from srgan_lib.formatting import size_text

TRIES = 5  #: attempts that bring less than BLOCK before a download is given up
PAUSE = 2.0  #: seconds before the second attempt; each further one waits as much longer
TIMEOUT = (10, 60)  #: seconds to connect, and between two packets
BLOCK = 2**16  #: bytes read at a time
SLOWEST = 1_000  #: bytes a second, over PATIENCE seconds: a slower download is given up
PATIENCE = 60
SLACK = 2**16  #: bytes by which a file may exceed the size stated for it, which may be rounded
LARGEST = 10**9  #: bytes of a file whose size nobody states


class DownloadError(SrganError):
    """Something could not be downloaded: the message says why, and how to get it another way."""


class _Refused(DownloadError):
    """What a server sends is not taken: the message says why."""


def offline() -> bool:
    """Return whether ``SRGAN_OFFLINE`` forbids downloads: it is set, and neither empty nor 0."""
    return os.environ.get("SRGAN_OFFLINE", "0") not in ("", "0")


def download(urls: Sequence[str], target: Path, checksum: str | None, size: int | None = None) -> Path:
    """Download a file to ``target``, where it appears once it is complete and verified.

    What has arrived is kept beside it as ``<name>.part``; this process or a later one continues there. Of several
    processes one downloads, the others wait for it. A :class:`DownloadError` says that ``SRGAN_OFFLINE`` forbids it, no
    address gives the right file, or the disk is full.

    Parameters
    ----------
    urls : addresses of the same file, tried in turn.
    target : if it is there already, nothing is downloaded.
    checksum : ``md5:…`` or ``sha256:…``, in hexadecimal, at least its first digits; None: not verified.
    size : in bytes, if it is known: a disk without room for it is noticed first. No more than that, or else
        :data:`LARGEST`, is received.
    """
    if offline():
        raise DownloadError("SRGAN_OFFLINE forbids downloads")
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.parent / f".{target.name}.lock"):
            if target.exists():
                return target
            wanted, free = (size or 0) - _size(part), shutil.disk_usage(target.parent).free
            if wanted > free:
                raise DownloadError(
                    f"{target.name} needs {size_text(wanted)} and the disk of {target.parent} has {size_text(free)} "
                    "left; free some room there"
                )
            reasons = []
            for url in urls:
                if problem := _problem(url, part, checksum, size + SLACK if size else LARGEST):
                    reasons.append(problem)
                else:
                    return part.replace(target)
            raise DownloadError("; ".join(reasons))
    except OSError as error:
        raise DownloadError(f"it cannot be written: {storage_error(error.errno, error.filename) or error}") from error


def _problem(url: str, part: Path, checksum: str | None, most: int) -> str:
    """Receive a whole file; return why it is not here or not the right one, empty where it is."""
    import requests
    from urllib3.exceptions import HTTPError

    try:
        _receive_whole(url, part, most)
    except _Refused as error:
        return f"{url} {error}"
    except requests.HTTPError as error:
        return f"{url} answers {error.response.status_code} {error.response.reason}"
    except (requests.RequestException, HTTPError, ValueError) as error:  # the last: a redirection to no address
        here = f"; {_size(part):,} bytes are here, run again to continue" if part.exists() else ""
        return f"{url} cannot be reached or breaks off ({type(error).__name__}){here}"
    kind, _, expected = (checksum or "").partition(":")
    with part.open("rb") as content:
        if checksum is None or hashlib.file_digest(content, kind).hexdigest().startswith(expected):
            return ""
    part.unlink()
    return f"{url} gives another file than expected (its checksum is not {checksum})"


def _receive_whole(url: str, part: Path, most: int) -> None:
    """Receive a file, continued after each break as long as bytes arrive; an address that gives none is given up."""
    import requests
    from urllib3.exceptions import HTTPError

    failures, begun = 0, _size(part)
    received = begun
    while True:
        try:
            return _receive(url, part, most)
        except (requests.ConnectionError, requests.Timeout, HTTPError):
            failures = 1 if _size(part) >= received + BLOCK else failures + 1
            received = _size(part)
            if received == begun or failures == TRIES:
                raise
            time.sleep(PAUSE * failures)


def _receive(url: str, part: Path, most: int) -> None:
    """Ask for what ``part`` lacks and append it, with a bar in a terminal or notebook.

    ``_Refused`` for more than ``most`` bytes, of which none are kept, and for a server that is too slow.
    """
    import requests
    from tqdm.auto import tqdm

    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, stream=True, headers=headers, timeout=TIMEOUT) as response:
        if response.status_code == 416 and have:  # nothing lies beyond what we have
            if response.headers.get("Content-Range") != f"bytes */{have}":  # so it is part of another file
                part.unlink()
                _receive(url, part, most)
            return
        response.raise_for_status()
        if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0  # a server without ranges sends all of it again
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() and len(length) < 20 else None
        with (
            part.open("ab" if have else "wb") as file,
            tqdm.wrapattr(file, "write", total, desc=part.stem, initial=have, mininterval=0.5) as watched,
        ):
            arrived = before = have
            began = time.monotonic()
            while block := response.raw.read1(BLOCK):
                watched.write(block)
                arrived += len(block)
                if arrived > most:
                    part.unlink()
                    raise _Refused(f"sends more than {most:,} bytes, and the file wanted has fewer")
                if (seconds := time.monotonic() - began) > PATIENCE:
                    if arrived - before < SLOWEST * seconds:
                        raise _Refused(
                            f"sends less than {SLOWEST:,} bytes a second; {arrived:,} bytes are here, "
                            "run again to continue"
                        )
                    began, before = time.monotonic(), arrived


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
