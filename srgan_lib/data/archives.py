"""Fetch a named set into the user's cache: its archives are downloaded, and unpacked in one step."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from filelock import FileLock

from srgan_lib.data.catalogue import NamedSet
from srgan_lib.data.images import SUFFIXES
from srgan_lib.downloads import DownloadError, download
from srgan_lib.layout import cache_folder


def fetch_set(named: NamedSet) -> Path:
    """Fetch a named set into the cache, where its folder appears once all its images are there.

    Returns
    -------
    The set's folder.

    Raises
    ------
    DownloadError
        If an archive cannot be downloaded or does not hold the set's images; with the addresses and the layout.
    """
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{named.name}.lock"):  # of several processes one fetches, the others find it done
            if not (cache / named.name).exists():
                _fetch(named, cache)
    except DownloadError as error:
        raise DownloadError(f"{named.name} was not downloaded: {error}; or {named.instructions}") from error
    except OSError as error:
        raise DownloadError(f"{named.name}: cannot write to {cache} ({error}); free some room there") from error
    return cache / named.name


def _fetch(named: NamedSet, cache: Path) -> None:
    archives = []
    for archive in named.archives:
        file = PurePosixPath(archive.urls[0].partition("?")[0]).name
        target = cache / "downloads" / f"{named.name}-{file}"
        archives.append(download(archive.urls, target, archive.checksum, archive.size))
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        unpacked = Path(temporary) / named.name
        problem = _unpack(named, archives, unpacked)
        if problem is None:
            unpacked.rename(cache / named.name)
    for file in archives:  # unpacked, or corrupt: in neither case used again
        file.unlink()
    if problem is not None:
        raise DownloadError(problem)


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
                    content = archive.extractfile(member)
                    assert content is not None  # of a file
                    yield PurePosixPath(member.name), content


def _is_image(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
