"""Writing an image file while its rows are still being computed, so that the result is never held whole.

A thread hands the rows to libvips as a PNG stream without compression, the one format that its wheels read from a pipe
with 8 and 16 bits; libvips converts the colours and encodes. PNG, JPEG and TIFF are encoded row by row. WebP and AVIF
encode an image at once, which their limits of 16,383 and 16,384 pixels a side bound.
"""

from __future__ import annotations

import errno
import os
import queue
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyvips

from srgan_lib.data.images import ImageError
from srgan_lib.errors import SrganError, storage_error
from srgan_lib.files import atomic_path
from srgan_report.upscaling.formats import Output, format_of
from srgan_report.upscaling.metadata import append_exif, set_bytes, with_metadata
from srgan_report.upscaling.reading import CONVERSION

_ROWS = 64  #: that are handed over at once
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  #: of PNG, by number of channels


class StripWriter:
    """Writes one image file from strips of rows; a context manager that leaves a whole file or none.

    Parameters
    ----------
    path : the file; its ending says the format.
    width, height : of the whole image in pixels.
    channels : 1 to 4, the last of 2 or 4 the transparency.
    depth : 8 or 16 bits a channel of the strips.
    target_depth : bits a channel wanted in the file, as far as its format goes.
    profile : ICC profile to embed, or None.
    convert : whether the strips, which are sRGB, are to be converted to ``profile``.
    metadata : image whose EXIF, XMP, IPTC and DPI are written, or None.
    output : quality and the like.

    Raises
    ------
    StorageError
        If the disk is full or may not be written.
    ImageError
        If the encoder refuses the image.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        channels: int,
        depth: int,
        *,
        target_depth: int,
        profile: bytes | None,
        convert: bool,
        metadata: pyvips.Image | None,
        output: Output,
    ) -> None:
        self.path, self.channels = path, channels
        self._shape = (width, height, depth)
        self._target_depth = min(target_depth, format_of(path).depth)
        self._profile, self._convert, self._metadata, self._output = profile, convert, metadata, output
        self._rows: queue.Queue[np.ndarray | None] = queue.Queue(maxsize=4)
        self._stop, self._broken = threading.Event(), False
        self._error: BaseException | None = None
        self._file = atomic_path(path)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> StripWriter:
        temporary = self._file.__enter__()
        self._thread = threading.Thread(target=self._encode, args=(temporary,), daemon=True)
        self._thread.start()
        return self

    def write(self, strip: np.ndarray) -> None:
        """Append rows×width×channels, uint8 or uint16 as announced."""
        for first in range(0, len(strip), _ROWS):
            self._put(strip[first : first + _ROWS])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._broken = error is not None
        self._put(None, stopping=True)
        self._thread.join()
        if error is None and self._error is not None:
            error = self._explain(self._error)
            kind = type(error)
            self._file.__exit__(kind, error, error.__traceback__)
            raise error
        self._file.__exit__(kind, error, trace)

    def _put(self, rows: np.ndarray | None, *, stopping: bool = False) -> None:
        """Hand rows over, unless the encoder has given up."""
        while not self._stop.is_set():
            try:
                self._rows.put(rows, timeout=0.2)
            except queue.Full:
                continue
            return
        if not stopping:
            raise self._explain(self._error or RuntimeError("the encoder stopped early"))

    def _encode(self, temporary: Path) -> None:
        """Run libvips on the rows that arrive; in a thread of its own."""
        try:
            stream = _Stream(self._png())
            source = pyvips.SourceCustom()
            source.on_read(stream.read)
            image = pyvips.Image.pngload_source(source, access="sequential", fail_on="truncated")
            self._save(self._finish(image), temporary)
            if stream.error:
                raise stream.error
        except BaseException as error:  # handed to the thread that computes
            self._error = error
        finally:
            self._stop.set()

    def _png(self) -> Iterator[bytes]:
        """Wrap the rows in a PNG file without compression."""
        width, height, depth = self._shape
        yield b"\x89PNG\r\n\x1a\n"
        yield _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, _COLOUR_TYPES[self.channels], 0, 0, 0))
        deflate = zlib.compressobj(0)
        while (rows := self._rows.get()) is not None:
            numbers = np.ascontiguousarray(rows, ">u2" if depth == 16 else "u1").reshape(len(rows), -1).view("u1")
            lines = np.zeros((len(rows), 1 + numbers.shape[1]), np.uint8)  # a line begins with its filter: 0, none
            lines[:, 1:] = numbers
            yield _chunk(b"IDAT", deflate.compress(lines.data))
        if self._broken:
            return  # libvips stops where the rows stop
        yield _chunk(b"IDAT", deflate.flush())
        yield _chunk(b"IEND", b"")

    def _finish(self, image: pyvips.Image) -> pyvips.Image:
        """Bring the rows to the colours, depth and metadata of the file."""
        colours, alpha = image, None
        if self.channels in (2, 4):
            colours, alpha = image[: self.channels - 1] if self.channels == 4 else image[0], image[self.channels - 1]
        if self._convert and self._profile:
            if colours.bands == 1:
                colours = colours.bandjoin([colours, colours])
            kind = "rgb16" if colours.format == "ushort" else "srgb"
            colours = colours.copy(interpretation=kind).icc_import(input_profile="srgb", embedded=False, **CONVERSION)
            colours = _with_profile(colours, self._profile).icc_export(
                depth=8 if self._target_depth == 8 else 16, **CONVERSION
            )
        colours = _to_depth(colours, self._target_depth)
        if alpha is not None:
            alpha = _to_depth(alpha, self._target_depth)
            if format_of(self.path).has_alpha:
                colours = colours.bandjoin(alpha)
            else:
                most = 255 if colours.format == "uchar" else 65535
                colours = ((colours * (alpha / most)) + most - alpha).rint().cast(colours.format)
        grey, deep = colours.bands < 3, colours.format == "ushort"
        kind = ("grey16" if deep else "b-w") if grey else ("rgb16" if deep else "srgb")
        colours = colours.copy(interpretation=kind)
        if self._profile:
            colours = _with_profile(colours, self._profile)
        if self._metadata is not None and not self._output.strip:
            colours = with_metadata(colours, self._metadata)
        return colours

    def _save(self, image: pyvips.Image, temporary: Path) -> None:
        name, target, output = format_of(self.path).name, str(temporary), self._output
        # typed Any: pyvips declares the names of enumerations as int
        keep: Any = "all" if image.get_typeof("exif-data") else "icc|xmp|iptc"  # libvips would make EXIF up
        if name == "PNG":
            lines: Any = "paeth" if image.bands > 1 else "sub"
            image.pngsave(target, compression=6, filter=lines, keep=keep)
        elif name == "JPEG":
            image.jpegsave(target, Q=output.quality, subsample_mode="off" if output.quality >= 90 else "on", keep=keep)
        elif name == "TIFF":
            raw = image.width * image.height * image.bands * (2 if image.format == "ushort" else 1)
            image.tiffsave(target, compression="deflate", predictor="horizontal", bigtiff=raw > 4e9, keep=keep)
            if image.get_typeof("exif-data"):
                exif: Any = image.get("exif-data")
                append_exif(temporary, exif)
        elif name == "WebP":
            image.webpsave(
                target, Q=output.quality, lossless=output.lossless, exact=True, smart_subsample=True, keep=keep
            )
        else:
            depth = 12 if image.format == "ushort" else 8
            image.heifsave(
                target, compression="av1", Q=output.quality, lossless=output.lossless, bitdepth=depth, keep=keep
            )

    def _explain(self, error: BaseException) -> BaseException:
        """Say what was wrong with the disk or the image; an error of ours stays."""
        if isinstance(error, SrganError) or not isinstance(error, (pyvips.Error, OSError)):
            return error
        numbers = (
            [error.errno] if isinstance(error, OSError) else [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS]
        )
        for number in numbers:
            if number and os.strerror(number) in str(error):
                return storage_error(number, str(self.path)) or error
        reason = str(error).strip().splitlines()[-1].strip()
        return ImageError(f"{self.path}: cannot be written ({reason})", path=self.path)


class _Stream:
    """Bytes that come in pieces, read as libvips asks for them."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, memoryview(b"")
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes | None:
        """Give the next bytes, at most ``size``; None at the end."""
        try:
            while not self.rest:
                self.rest = memoryview(next(self.pieces))
        except StopIteration:
            return None
        except BaseException as error:  # an exception would not get through libvips
            self.error = error
            return None
        given, self.rest = self.rest[:size], self.rest[size:]
        return bytes(given)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))


def _to_depth(image: pyvips.Image, depth: int) -> pyvips.Image:
    """Bring integers to 8 bits, or to 16 for anything deeper."""
    if depth == 8 and image.format == "ushort":
        return (image / 257).rint().cast("uchar")
    if depth > 8 and image.format == "uchar":
        return (image.cast("ushort") * 257).cast("ushort")
    return image


def _with_profile(image: pyvips.Image, profile: bytes) -> pyvips.Image:
    copy = image.copy()
    set_bytes(copy, "icc-profile-data", profile)
    return copy
