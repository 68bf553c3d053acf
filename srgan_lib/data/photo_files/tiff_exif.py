"""EXIF in TIFF files, which libvips neither reads nor writes: tags of the first directory and two directories below it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2

_DIRECTORIES = (0x8769, 0x8825)  #: Exif and GPS, by the tag that points to them
#: Description, make, model, software, date, artist and copyright: what of the first directory is not about pixels.
_TEXTS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)
_ASCII, _LONG = 2, 4


def read_exif(path: Path) -> bytes:
    """Read a TIFF file's EXIF as other formats hold it; empty if there is none, or only libvips knows its pixels."""
    try:
        image = Image.open(path)
    except UnidentifiedImageError:
        return b""
    with image:
        found, exif = image.getexif(), Image.Exif()
        for tag in _TEXTS:
            if tag in found:
                exif[tag] = found[tag]
        for tag in _DIRECTORIES:
            exif.get_ifd(tag).update(found.get_ifd(tag))
        return exif.tobytes() if len(exif) or any(exif.get_ifd(tag) for tag in _DIRECTORIES) else b""


def append_exif(path: Path, data: bytes) -> None:
    """Add EXIF to a TIFF file that has one page.

    The new first directory stands at the end of the file, and holds the entries of the old one, too. A file of more than
    4 GB (BigTIFF) is left as it is.

    Parameters
    ----------
    path : little-endian TIFF.
    data : EXIF as other formats hold it.
    """
    exif = Image.Exif()
    exif.load(data)
    with path.open("r+b") as file:
        if file.read(4) != b"II*\0":
            return
        file.seek(struct.unpack("<I", file.read(4))[0])
        entries = [file.read(12) for _ in range(struct.unpack("<H", file.read(2))[0])]
        known = {struct.unpack("<H", entry[:2])[0] for entry in entries}
        file.write(bytes(file.seek(0, 2) % 2))
        for tag in _TEXTS:
            if tag in exif and tag not in known:
                text = str(exif[tag]).encode() + b"\0"
                place = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack("<I", _append(file, text))
                entries.append(struct.pack("<HHI", tag, _ASCII, len(text)) + place)
        for tag in _DIRECTORIES:
            if values := exif.get_ifd(tag):
                directory = ImageFileDirectory_v2(prefix=b"II")
                directory.update(values)
                position = _append(file, directory.tobytes(file.tell()))
                entries.append(struct.pack("<HHII", tag, _LONG, 1, position))
        entries.sort(key=lambda entry: struct.unpack("<H", entry[:2])[0])
        position = _append(file, struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4))
        file.seek(4)
        file.write(struct.pack("<I", position))


def _append(file: BinaryIO, content: bytes) -> int:
    """Write at the end, on an even byte as TIFF wants it, and tell where."""
    position = file.tell()
    file.write(content + bytes(len(content) % 2))
    return position
