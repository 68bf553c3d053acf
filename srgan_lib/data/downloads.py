"""Fetching a named set into the user's cache: continued after a break, checked, and unpacked in one step."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from filelock import FileLock

from srgan_lib.data.catalogue import Archive, NamedSet
from srgan_lib.data.images import SUFFIXES
from srgan_lib.data.photos import DatasetError
from srgan_lib.internet import cache_folder, download_bar, offline

TRIES = 5  #: attempts without any progress before a download is given up
PAUSE = 2.0  #: seconds before the second attempt; each further one waits as much longer
TIMEOUT = (10, 60)  #: seconds to connect, and between two packets
BLOCK = 2**16  #: bytes; an incomplete block is lost when a connection breaks


def download(named: NamedSet) -> Path:
    """Fetch a named set into the cache.

    A file that broke off is continued where it stopped, also by a later run. The set's folder
    appears when all its images are there.

    Returns
    -------
    The set's folder.

    Raises
    ------
    DatasetError
        If ``SRGAN_OFFLINE`` forbids it, or no address gives the right file; with the addresses and the layout.
    """
    if offline():
        raise DatasetError(_by_hand(named, "SRGAN_OFFLINE forbids downloads"))
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{named.name}.lock"):  # of several processes one downloads, the others find it done
            if not (cache / named.name).exists():
                _download(named, cache)
    except OSError as error:
        raise DatasetError(f"{named.name}: cannot write to {cache} ({error}); free some room there") from error
    return cache / named.name


def _download(named: NamedSet, cache: Path) -> None:
    archives = [_fetch(named, archive, cache / "downloads") for archive in named.archives]
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        unpacked = Path(temporary) / named.name
        problem = _unpack(named, archives, unpacked)
        if problem is None:
            unpacked.rename(cache / named.name)
    for file in archives:  # neither needed any more nor, if they are bad, taken again
        file.unlink()
    if problem is not None:
        raise DatasetError(_by_hand(named, problem))


def _by_hand(named: NamedSet, reason: str) -> str:
    """What went wrong, and how to get the set another way."""
    folders = " and ".join(f"$SRGAN_DATA/{named.name}/{folder}" for folder in named.folders)
    addresses = ", ".join(url for archive in named.archives for url in archive.urls)
    own = os.environ.get("SRGAN_DATA") or "(not set)"
    return (
        f"{named.name} is neither under SRGAN_DATA={own} nor in {cache_folder()}, and was not downloaded: {reason}. "
        f"Get it from {addresses} (described at {named.homepage}) and put its {named.images} images into {folders}"
    )


def _fetch(named: NamedSet, archive: Archive, folder: Path) -> Path:
    """The archive's file, from the first address that gives it whole and with the right checksum."""
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    name = PurePosixPath(archive.urls[0].partition("?")[0]).name
    part = folder / f"{named.name}-{name}.part"
    continuing = _Continuing(part)
    reasons = []
    for url in archive.urls:
        try:
            file = pooch.retrieve(url, archive.checksum, f"{named.name}-{name}", folder, downloader=continuing)
            return Path(file)
        except requests.HTTPError as error:
            reasons.append(f"{url} answers {error.response.status_code} {error.response.reason}")
        except requests.RequestException as error:
            here = f"; {part.stat().st_size:,} bytes are here, run again to continue" if part.exists() else ""
            reasons.append(f"{url} cannot be reached or breaks off ({type(error).__name__}){here}")
        except ValueError:  # pooch: the checksum differs
            reasons.append(f"{url} gives another file than expected (its checksum is not {archive.checksum})")
    raise DatasetError(_by_hand(named, "; ".join(reasons)))


class _Continuing:
    """A pooch downloader that keeps what it has in a ``.part`` file and asks for the rest only."""

    def __init__(self, part: Path) -> None:
        self.part = part

    def __call__(self, url: str, output_file: str, _: object) -> None:
        import requests

        failures, have = 0, -1
        while True:
            try:
                self._receive(url)
                self.part.replace(output_file)
                return
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
                received = self._size()
                failures = 1 if received > have else failures + 1
                have = received
                if failures >= TRIES:
                    raise
                time.sleep(PAUSE * failures)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _receive(self, url: str) -> None:
        import requests

        have = self._size()
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, stream=True, headers=headers, timeout=TIMEOUT) as response:
            if response.status_code == 416:  # there is nothing behind what we have
                if response.headers.get("Content-Range") == f"bytes */{have}":
                    return
                self.part.unlink()
                raise requests.ConnectionError("the file here is no beginning of the one there")
            response.raise_for_status()
            if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                have = 0
            length = response.headers.get("Content-Length")
            total = have + int(length) if length else None
            with self.part.open("ab" if have else "wb") as file, download_bar(self.part.stem, total, have) as bar:
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    bar.update(len(block))


def _unpack(named: NamedSet, files: Sequence[Path], target: Path) -> str | None:
    """Put the archives' images into the set's folders, whatever else is in them; return what is wrong, if anything."""
    found = 0
    try:
        for archive, file in zip(named.archives, files, strict=True):
            for path, content in _members(file):
                for folder, destination in archive.folders.items():
                    wanted = PurePosixPath(folder).parts
                    if path.parent.parts[-len(wanted) :] == wanted:
                        place = target / destination / path.name
                        place.parent.mkdir(parents=True, exist_ok=True)
                        with place.open("wb") as copy:
                            shutil.copyfileobj(content, copy)
                        found += 1
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        return f"a downloaded file is no archive ({error})"
    return None if found == named.images else f"its archives hold {found} images, not {named.images}"


def _members(file: Path) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """The images in a zip or tar file. Only their own names are used to write them: none leads outside."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                if _is_image(name):
                    with archive.open(name) as content:
                        yield PurePosixPath(name), content
    else:
        with tarfile.open(file) as archive:
            for member in archive:
                if member.isfile() and _is_image(member.name):
                    yield PurePosixPath(member.name), archive.extractfile(member)


def _is_image(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
