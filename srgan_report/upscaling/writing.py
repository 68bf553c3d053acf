"""Writing an image file while its rows are still being computed, so that the result is never held whole.

The rows go through a pipe to a thread as a PNG stream without compression, the one format that libvips's wheels read
from a pipe with 8 and 16 bits; there libvips converts the colours and encodes. PNG, JPEG and TIFF are encoded row by
row. WebP and AVIF encode an image at once, which their limits of 16,383 and 16,384 pixels a side bound.
"""

from __future__ import annotations

import errno
import os
import shutil
import struct
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pyvips
from PIL.TiffImagePlugin import AppendingTiffWriter

from srgan_lib.data.images import ImageError
from srgan_lib.errors import storage_error
from srgan_lib.files import atomic_path, hidden_name
from srgan_report.upscaling.formats import Format, Output, format_of
from srgan_report.upscaling.metadata import append_exif, with_bytes, with_maker, with_metadata
from srgan_report.upscaling.reading import CONVERSION, Photograph

_LARGEST_TIFF = 2**32 - 16  #: bytes of a file of several pages
_ROWS = 64  #: that are handed over at once
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  #: of PNG, by number of channels


def write_pages(
    path: Path, pages: Iterable[tuple[Iterable[np.ndarray], Photograph]], scale: int, output: Output
) -> None:
    """Write an enlarged photograph, or all pages of a TIFF, in one step: a whole file or, if anything is raised, none.

    A :class:`StorageError` says that the disk is full or may not be written, an :class:`ImageError` that the encoder
    refuses the image.

    Parameters
    ----------
    path : the file; its ending says the format.
    pages : for each page strips and photo. The strips are from top to bottom rows×(scale·w)×channels of the type of
        ``photo.srgb``: grey or sRGB, then transparency if ``photo`` has it. The photo is the original, in whose
        profile, depth and metadata the page is written as far as the file's format goes.
    scale : of the enlargement.
    output : quality and the like.
    """
    pages = iter(pages)
    strips, photo = next(pages)  # before there is any file
    with atomic_path(path) as whole:
        _write(whole, path, strips, photo, scale, output)
        for strips, photo in pages:
            with NamedTemporaryFile(dir=path.parent, prefix=f"{hidden_name(path)}.", suffix=path.suffix) as page:
                _write(Path(page.name), path, strips, photo, scale, output)
                if page.read(4) != b"II*\0" or whole.stat().st_size + Path(page.name).stat().st_size > _LARGEST_TIFF:
                    raise ImageError.at(path, "its pages exceed 4 GB; enlarge them as files of their own")
                page.seek(0)
                with AppendingTiffWriter(whole) as joined:
                    shutil.copyfileobj(page, joined)


def _write(
    target: Path, path: Path, strips: Iterable[np.ndarray], photo: Photograph, scale: int, output: Output
) -> None:
    """Write one page to ``target``; errors name ``path``."""
    form, header = format_of(path), photo.header
    size = output.size(header.path, header.width, header.height, scale)
    errors: list[BaseException] = []

    def encode(end: int) -> None:
        try:
            with open(end, "rb", buffering=0) as pipe:
                source = pyvips.SourceCustom()
                source.on_read(pipe.read)
                image = pyvips.Image.pngload_source(source, access="sequential", fail_on="truncated")
                _save(_finish(image, size, form, photo, output), target, form, output)
        except BaseException as error:  # handed to the thread that computes
            errors.append(_explained(error, path))

    reading, writing = os.pipe()
    encoder = threading.Thread(target=encode, args=(reading,), daemon=True)
    encoder.start()
    try:
        # The pipe breaks where the encoder has given up.
        with suppress(BrokenPipeError), open(writing, "wb") as pipe:
            pipe.writelines(_png(strips, photo, scale))
    finally:
        encoder.join()
    if errors:
        raise errors[0]


def _png(strips: Iterable[np.ndarray], photo: Photograph, scale: int) -> Iterator[bytes]:
    """Wrap the rows in a PNG file without compression."""
    height, width = photo.srgb.shape[:2]
    depth, channels = 8 * photo.srgb.itemsize, (1 if photo.header.is_grey else 3) + (photo.alpha is not None)
    sizes = struct.pack(">IIBBBBB", width * scale, height * scale, depth, _COLOUR_TYPES[channels], 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", sizes)
    deflate = zlib.compressobj(0)
    for strip in strips:
        for first in range(0, len(strip), _ROWS):
            rows = np.ascontiguousarray(strip[first : first + _ROWS], f">u{photo.srgb.itemsize}")
            numbers = rows.reshape(len(rows), -1).view("u1")
            lines = np.pad(numbers, ((0, 0), (1, 0)))  # a line begins with its filter: 0, none
            yield _chunk(b"IDAT", deflate.compress(lines.data))
    yield _chunk(b"IDAT", deflate.flush()) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))


def _finish(
    image: pyvips.Image, size: tuple[int, int], form: Format, photo: Photograph, output: Output
) -> pyvips.Image:
    """Bring the rows to the size, colours, depth and metadata of the file."""
    profile, depth = None if output.to_srgb else photo.profile, min(photo.header.depth, form.depth)
    alpha = None
    if photo.alpha is not None:
        image, alpha = image[:-1], _to_depth(_reduced(image[-1], size, "linear"), depth)  # which does not ring
    image = _reduced(image, size, "lanczos3")
    if profile and photo.is_converted:
        colours = image if image.bands == 3 else image.bandjoin([image, image])
        colours = colours.copy(interpretation="rgb16" if image.format == "ushort" else "srgb")
        colours = with_bytes(colours.icc_import(input_profile="srgb", **CONVERSION), "icc-profile-data", profile)
        image = colours.icc_export(depth=8 if depth == 8 else 16, **CONVERSION)
    image = _to_depth(image, depth)
    grey, deep = image.bands == 1, image.format == "ushort"
    if alpha is not None and form.has_alpha:
        image = image.bandjoin(alpha)
    elif alpha is not None:  # laid on white
        most = 65535 if deep else 255
        image = ((image * (alpha / most)) + most - alpha).rint().cast(image.format)
    image = image.copy(interpretation=("grey16" if deep else "b-w") if grey else ("rgb16" if deep else "srgb"))
    if profile:
        image = with_bytes(image, "icc-profile-data", profile)
    if output.strip:
        return image
    image = with_metadata(image, photo.metadata)
    return with_maker(image, output.maker) if output.maker else image


def _reduced(image: pyvips.Image, size: tuple[int, int], kernel: str) -> pyvips.Image:
    width, height = size
    return image.resize(width / image.width, vscale=height / image.height, kernel=kernel, gap=0)


def _to_depth(image: pyvips.Image, depth: int) -> pyvips.Image:
    """Bring integers to 8 bits, or to 16 for anything deeper."""
    if depth == 8 and image.format == "ushort":
        return (image / 257).rint().cast("uchar")
    if depth > 8 and image.format == "uchar":
        return (image.cast("ushort") * 257).cast("ushort")
    return image


def _save(image: pyvips.Image, target: Path, form: Format, output: Output) -> None:
    # typed Any: pyvips declares the names of enumerations as int
    exif: Any = image.get("exif-data") if image.get_typeof("exif-data") else None
    keep: Any = "all" if exif else "icc|xmp|iptc"  # libvips would make EXIF up
    options: dict[str, Any] = {"keep": keep}
    if form.has_quality:
        options["Q"] = output.quality
    if form.has_lossless:
        options["lossless"] = output.lossless
    if form.name == "PNG":
        lines: Any = "paeth" if image.bands > 1 else "sub"
        image.pngsave(str(target), compression=6, filter=lines, **options)
    elif form.name == "JPEG":
        image.jpegsave(str(target), subsample_mode="off" if output.quality >= 90 else "on", **options)
    elif form.name == "TIFF":
        raw = image.width * image.height * image.bands * (2 if image.format == "ushort" else 1)
        image.tiffsave(str(target), compression="deflate", predictor="horizontal", bigtiff=raw > 4e9, **options)
        if exif:
            append_exif(target, exif)
    elif form.name == "WebP":
        image.webpsave(str(target), exact=True, smart_subsample=True, **options)
    else:
        image.heifsave(str(target), compression="av1", bitdepth=12 if image.format == "ushort" else 8, **options)


def _explained(error: BaseException, path: Path) -> BaseException:
    """Say what was wrong with the disk or the image; an error of any other kind stays."""
    if not isinstance(error, (pyvips.Error, OSError)):
        return error
    usual = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)
    for number in (error.errno,) if isinstance(error, OSError) else usual:
        if number and os.strerror(number) in str(error):
            return storage_error(number, str(path)) or error
    reason = str(error).strip().splitlines()[-1].strip()
    return ImageError.at(path, f"cannot be written ({reason})")
