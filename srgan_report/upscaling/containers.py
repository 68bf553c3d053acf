"""What the bytes of an image file say of it, and libvips does not: chunks of a PNG, and whether all of it is there."""

from __future__ import annotations

import os
from pathlib import Path

from PIL.TiffImagePlugin import ImageFileDirectory_v2

_TILE_OFFSETS, _TILE_SIZES = 324, 325  #: tags of a TIFF directory


def png_chunks(path: Path) -> dict[bytes, bytes]:
    """Read the first four bytes of each chunk before the pixels of a PNG file."""
    chunks: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        file.seek(8)
        while len(head := file.read(12)) == 12 and head[4:8] != b"IDAT":
            chunks[head[4:8]] = head[8:]
            file.seek(int.from_bytes(head[:4], "big"), os.SEEK_CUR)  # the rest, and the checksum of four bytes
    return chunks


def is_cut(path: Path, start: bytes) -> bool:
    """Tell whether a file ends before its pixels do, in a way that libvips does not notice.

    A GIF without its last blocks would have fewer frames, and tiles that are missing in a TIFF would be black.
    ``start`` are its first bytes, 16 at least.
    """
    if start.startswith(b"GIF8"):
        return _gif_is_cut(path)
    if start.startswith((b"II*\0", b"MM\0*", b"II+\0")):
        return _tiff_is_cut(path, start[: 16 if start[2:3] == b"+" else 8])
    return False


def _gif_is_cut(path: Path) -> bool:
    """Follow the blocks of a GIF to its end mark."""

    def colours(flags: int) -> int:
        """Return the bytes of the table of colours that ``flags`` announce."""
        return 3 << (flags & 7) + 1 if flags & 128 else 0

    with path.open("rb") as file:
        file.seek(colours(file.read(13).ljust(13, b"\0")[10]), os.SEEK_CUR)
        while kind := file.read(1):
            if kind == b"!":  # an extension: its label
                file.seek(1, os.SEEK_CUR)
            elif kind == b",":  # a frame: its place and colours, and a byte of its compression
                file.seek(colours(file.read(9).ljust(9, b"\0")[8]) + 1, os.SEEK_CUR)
            else:  # the end mark, or what is for the decoder to judge
                return False
            while size := file.read(1).strip(b"\0"):
                file.seek(size[0], os.SEEK_CUR)
    return True


def _tiff_is_cut(path: Path, head: bytes) -> bool:
    """Follow the directories of the pages, one of which leads to the next."""
    directory, size, seen = ImageFileDirectory_v2(head), path.stat().st_size, set[int]()
    with path.open("rb") as file:
        while place := directory.next:
            if place in seen or place >= size:  # the first also where Pillow has found no more of a directory
                return True
            seen.add(place)
            file.seek(place)
            directory.load(file)
            tiles = zip(directory.get(_TILE_OFFSETS, ()), directory.get(_TILE_SIZES, ()), strict=False)
            if any(start + length > size for start, length in tiles):
                return True
    return False
