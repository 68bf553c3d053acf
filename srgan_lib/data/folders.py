"""What a folder of photographs holds: the images that are read, their names, and in a sentence what is left out."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from srgan_lib.data.images import HEIF, HEIF_REMEDY, SUFFIXES, ImageError, open_image
from srgan_lib.formatting import counted, listed, printable, shortlist

logger = logging.getLogger(__name__)


def image_name(file: Path) -> str:
    """Name an image as tables, figures and other files do: by its file's name without ending, printable."""
    return printable(file.stem)


def image_files(folder: Path) -> list[Path]:
    """List the images directly in a folder, sorted by name, without hidden files; no such folder is an ImageError.

    They are regular files of the kinds in ``SUFFIXES`` that can be read here. One whose name is not UTF-8, which no
    table or report can hold, is named in a warning and skipped.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError.at(folder, "no such folder")
    kinds = SUFFIXES if importlib.util.find_spec("pillow_heif") else SUFFIXES - HEIF
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in kinds and p.name[0] != "." and p.is_file())
    for file in found:
        if not is_utf8(file.name):
            logger.warning("skipped %s in %s: the file's name is not UTF-8; rename it", file.name, folder.name)
    return [file for file in found if is_utf8(file.name)]


def is_utf8(name: str) -> bool:
    """Tell names that are text from those of which Python keeps the bytes as surrogates."""
    return not re.search("[\ud800-\udfff]", name)


def tell_left_out(folder: Path, used: Iterable[Path]) -> None:
    """Warn, in one sentence, of what is not used of a folder: files by kind, subfolders, what is no file.

    Of the subfolders those with a file that is used are looked into, too. What is hidden does not count.
    """
    files = set(used)
    places = {place for file in files for place in file.parents}
    kinds: Counter[str] = Counter()
    folders: list[str] = []
    others: list[str] = []
    for place in [folder, *sorted(one for one in places if folder in one.parents)]:
        for path in sorted(place.iterdir()):
            if path.name[0] == "." or path in files or path in places:
                continue
            if path.is_dir():
                folders.append(path.name)
            elif not path.is_file():
                others.append(path.name)
            elif is_utf8(path.name):  # else image_files has named it
                kinds[path.suffix.lower()] += 1
    parts = []
    if kinds:
        listing = listed([f"{count} {printable(kind) or 'other'}" for kind, count in sorted(kinds.items())])
        parts.append(f"{listing} file{'s' if kinds.total() > 1 else ''}")
        if HEIF & set(kinds) and not importlib.util.find_spec("pillow_heif"):
            parts[0] += f" (HEIC {HEIF_REMEDY})"
    if folders:
        parts.append(f"{counted(len(folders), 'subfolder')}, which {'is' if len(folders) == 1 else 'are'} not searched")
        parts[-1] += f" ({shortlist(folders)})"
    if others:
        parts.append(f"what is no regular file ({shortlist(others)})")
    if parts:
        logger.warning("%s: left out: %s", folder.name, "; ".join(parts))


def tell_pages(files: Iterable[Path]) -> None:
    """Warn, in one sentence, of files with several pages, frames or views, of which the first has been read."""
    if several := sorted({file.name for file in files if _images_in(file) > 1}):
        logger.warning(
            "of %s with more than one image the first is used (%s)", counted(len(several), "file"), shortlist(several)
        )


def _images_in(file: Path) -> int:
    try:
        with open_image(file) as image:
            return getattr(image, "n_frames", 1)
    except Exception:  # as in read_image; what is damaged beyond its first image has none that anyone could use
        return 1
