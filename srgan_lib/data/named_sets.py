"""The field's named sets: where each can be downloaded, how images are split, and fetching one into the user's cache.

Only HR images are fetched: ``imresize`` makes the LR images of the benchmark files, pixel by pixel.
"""

from __future__ import annotations

import errno
import hashlib
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from filelock import FileLock

from srgan_lib.data.images import SUFFIXES, Split
from srgan_lib.downloads import DownloadError, download
from srgan_lib.errors import storage_error
from srgan_lib.formatting import size_text
from srgan_lib.layout import cache_folder

LARGEST_IMAGE = 100 * 2**20  #: bytes of one image in a downloaded archive


@dataclass(frozen=True)
class Part:
    """A folder of a set, and the part of the split its images [start:stop], sorted by name, belong to.

    With ``split`` None they are for training, and the seed takes other parts from them where the set has none.
    """

    folder: str
    split: Split | None = None
    start: int = 0
    stop: int | None = None


@dataclass(frozen=True)
class Archive:
    """A zip or tar file."""

    urls: tuple[str, ...]  #: where the same file is, in the order they are tried
    checksum: str | None  #: of the file, ``md5:…`` or ``sha256:…``; None only where the set's own pins the images
    folders: Mapping[str, str]  #: by folder in the archive (a pattern for its last parts), the set's for its images
    size: int | None = None  #: in bytes; None where nobody states it


@dataclass(frozen=True)
class NamedSet:
    """A set of photographs known by name."""

    name: str
    homepage: str  #: where it is described, and can be got by hand
    images: int  #: how many its archives hold together
    archives: tuple[Archive, ...]
    parts: tuple[Part, ...] = ()  #: its own folders and split; without any, its images are in ``HR``
    left_out: frozenset[str] = frozenset()  #: images that are among another set's test images too: they train nothing
    #: of its unpacked images, as :func:`images_checksum`, where that of an archive is unknown
    checksum: str | None = None
    reduction: int = 1  #: photographs are used at 1/reduction of their size, where compression shows at full size

    @property
    def size(self) -> int | None:
        """Bytes to download; None where an archive's size is unknown."""
        sizes = [archive.size for archive in self.archives if archive.size is not None]
        return sum(sizes) if len(sizes) == len(self.archives) else None

    @property
    def instructions(self) -> str:
        """Where to get the set by hand, and where to put it."""
        addresses = ", ".join(url for archive in self.archives for url in archive.urls)
        names = dict.fromkeys(part.folder for part in self.parts) or ["HR"]
        folders = " and ".join(f"$SRGAN_DATA/{self.name}/{name}" for name in names)
        return f"get it from {addresses} (described at {self.homepage}) and put its {self.images} images into {folders}"


_BERKELEY = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html"
_ETH = "https://data.vision.ee.ethz.ch/cvl/DIV2K"
_HUGGING_FACE = "https://huggingface.co/datasets"
_IMAGENET = "https://github.com/EliSchwartz/imagenet-sample-images"


def _bsds(folders: Mapping[str, str]) -> Archive:
    url = "https://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/BSR/BSR_bsds500.tgz"
    return Archive((url,), "md5:0b17383ff0b21fe43d2f28e624203169", folders, 70_763_455)


def _div2k(part: str, md5: str, size: int) -> Archive:
    mirror = f"{_HUGGING_FACE}/goodfellowliu/DIV2K/resolve/d8a7b7e82add5be32adb51d9442b7932b1739e89"
    name = f"DIV2K_{part}_HR"
    return Archive((f"{_ETH}/{name}.zip", f"{mirror}/{name}.zip"), f"md5:{md5}", {name: name}, size)


def _benchmark(
    name: str, homepage: str, images: int, commit: str, *, archive: str | None = None, unpacked: str | None = None
) -> NamedSet:
    url = f"{_HUGGING_FACE}/eugenesiow/{name}/resolve/{commit}/data/{name}_HR.tar.gz"
    return NamedSet(name, homepage, images, (Archive((url,), archive, {f"{name}_HR": "HR"}),), checksum=unpacked)


#: Set5's img_005 ("woman") is a smaller copy of it.
_ALSO_IN_SET5 = frozenset({"302003"})

_ALL = (
    NamedSet("bsds400", _BERKELEY, 400, (_bsds({"images/train": "HR", "images/test": "HR"}),), left_out=_ALSO_IN_SET5),
    # BSD100 is BSDS500's val: kept for testing, so that training on BSDS500 leaks nothing into it.
    NamedSet(
        "BSDS500",
        _BERKELEY,
        500,
        (_bsds({f"images/{part}": part for part in ("train", "val", "test")}),),
        (Part("train"), Part("test"), Part("val", "test")),
        _ALSO_IN_SET5,
    ),
    # One photograph of each class of ImageNet, as JPEG whose compression shows at full size.
    NamedSet(
        "imagenet1000",
        _IMAGENET,
        1000,
        (
            Archive(
                (f"{_IMAGENET}/archive/bc69043e2862758a1906c6a24a792bb28c6bb2ff.zip",),
                None,  # GitHub packs it anew for whoever asks
                {"imagenet-*": "HR"},
            ),
        ),
        checksum="md5:5606e1b8ac1338f55267dd56eac8a4cf",
        reduction=2,
    ),
    NamedSet(
        "DIV2K",
        f"{_ETH}/",
        900,
        (
            _div2k("train", "bdc2d9338d4e574fe81bf7d158758658", 3_530_603_713),
            _div2k("valid", "9fcdda83005c5e5997799b69f955ff88", 448_993_893),
        ),
        (Part("DIV2K_train_HR"), Part("DIV2K_valid_HR", "test")),
    ),
    # The official partition, by identity; 100 images of its validation and of its test part are plenty.
    NamedSet(
        "CelebA",
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        202_599,
        (
            Archive(
                (
                    "https://drive.usercontent.google.com/download?id=0B7EVK8r0v71pZjFTYXZWM3FlRnM&export=download&confirm=t",
                    "https://s3-us-west-1.amazonaws.com/udacity-dlnfd/datasets/celeba.zip",
                ),
                "md5:00d2c5bc6d35e252742224ab0c1e8fcb",
                {"img_align_celeba": "img_align_celeba"},
                1_443_490_838,
            ),
        ),
        (
            Part("img_align_celeba", None, 0, 162_770),
            Part("img_align_celeba", "validation", 162_770, 162_870),
            Part("img_align_celeba", "test", 182_637, 182_737),
        ),
    ),
    _benchmark(
        "Set5",
        "http://people.rennes.inria.fr/Aline.Roumy/results/SR_BMVC12.html",
        5,
        "325646fe7cc8811e312562437885c5c018c74966",
        unpacked="md5:e128ede786dabb7ebeee99e5fa1ad985",  # as deepinv states it, which reads the same file
    ),
    _benchmark(
        "Set14",
        "https://sites.google.com/site/romanzeyde/research-interests",
        14,
        "5c964717e61b4931236a6dd5561750d11e5a7abb",
        unpacked="md5:3fce01c3dfe9760194e8a22f6bc032c5",  # likewise
    ),
    _benchmark(
        "BSD100",
        "https://github.com/jbhuang0604/SelfExSR",
        100,
        "8fbc3a31603eba947ea6eba928d31fee0f0c31bb",
        archive="sha256:333495ccded04a0db52b33361140821ea7e0d8af8dfb54b58df79a00010858d6",
    ),
    _benchmark(
        "Urban100",
        "https://github.com/jbhuang0604/SelfExSR",
        100,
        "57309de03db02ac12ee09ad6127e7b815c211328",
        archive="md5:65d9d84a34b72c6f7ca1e26a12df1e4c",
    ),
)
#: The named sets by name.
SETS: dict[str, NamedSet] = {named.name: named for named in _ALL}


def fetch_set(named: NamedSet) -> Path:
    """Fetch a named set into the cache, and return its folder, which appears there once all its images do.

    A :class:`DownloadError` says what went wrong, with the addresses and the layout to get the set by hand.
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
        raise DownloadError(f"{named.name}: {storage_error(error.errno, error.filename) or error}") from error
    return cache / named.name


def _fetch(named: NamedSet, cache: Path) -> None:
    files = []
    for archive in named.archives:
        target = cache / "downloads" / f"{named.name}-{PurePosixPath(archive.urls[0].partition('?')[0]).name}"
        files.append(download(archive.urls, target, archive.checksum, archive.size))
    with tempfile.TemporaryDirectory(dir=cache) as temporary:
        unpacked = Path(temporary) / named.name
        try:
            found = sum(_unpack(*one, unpacked, named.images) for one in zip(files, named.archives, strict=True))
            problem = "" if found == named.images else f"its archives hold {found} images, not {named.images}"
            if not problem and named.checksum not in (None, images_checksum(unpacked)):
                problem = f"its images are others than expected (their checksum is not {named.checksum})"
        except DownloadError as error:
            problem = str(error)
        except Exception as error:  # a damaged or hostile archive raises errors of any kind
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES):
                raise  # the disk is to blame
            problem = f"a downloaded file is no archive, or a damaged one ({error})"
        if not problem:
            unpacked.rename(cache / named.name)
    for file in files:  # unpacked, or corrupt: in neither case used again
        file.unlink()
    if problem:
        raise DownloadError(problem)


def images_checksum(folder: Path) -> str:
    """Compute the MD5 of the MD5s, in hexadecimal, of a folder's files in the order of their names (deepinv's rule)."""
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.name)
    hashes = "".join(hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() for path in files)
    return f"md5:{hashlib.md5(hashes.encode(), usedforsecurity=False).hexdigest()}"


def _unpack(file: Path, archive: Archive, target: Path, most: int) -> int:
    """Put an archive's images, by their own names alone, into the set's folders, and count them: none leads outside.

    ``DownloadError`` beyond ``most`` images, and where an image is larger than :data:`LARGEST_IMAGE`.
    """
    found = 0
    for path, content in _members(file):
        for folder, destination in archive.folders.items():
            if path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.parent.match(folder):
                place = target / destination / path.name
                place.parent.mkdir(parents=True, exist_ok=True)
                found += 1
                with place.open("wb") as copy:
                    if found > most or copy.write(content.read(LARGEST_IMAGE + 1)) > LARGEST_IMAGE:
                        raise DownloadError(
                            f"a downloaded archive holds more than {most} images, or one of more than "
                            f"{size_text(LARGEST_IMAGE)}: not what is expected"
                        )
    return found


def _members(file: Path) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """Open one file after the other in a zip or tar file."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as zipped:
            for name in zipped.namelist():
                with zipped.open(name) as content:
                    yield PurePosixPath(name), content
    else:
        with tarfile.open(file) as tarred:
            for member in tarred:
                if member.isfile() and (content := tarred.extractfile(member)):
                    yield PurePosixPath(member.name), content
