"""The file formats that results are written in, what each can hold, and what an image would lose in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from srgan_lib.data.images import ImageError


@dataclass(frozen=True)
class Format:
    """A file format."""

    name: str  #: as people call it
    depth: int  #: greatest number of bits of a channel
    longest: int  #: greatest width and height in pixels
    has_alpha: bool = True  #: holds transparency
    has_frames: bool = False  #: holds animation
    has_quality: bool = False  #: :attr:`Output.quality` means something to it
    has_lossless: bool = False  #: :attr:`Output.lossless` means something to it


_JPEG = Format("JPEG", 8, 65_535, has_alpha=False, has_quality=True)
_TIFF = Format("TIFF", 16, 2**31 - 1)
#: By file name ending.
FORMATS = {
    ".png": Format("PNG", 16, 2**31 - 1, has_frames=True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": Format("WebP", 8, 16_383, has_frames=True, has_quality=True, has_lossless=True),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".avif": Format("AVIF", 12, 16_384, has_quality=True, has_lossless=True),
    ".gif": Format("GIF", 8, 65_535, has_frames=True),
}


class Maker(NamedTuple):
    """The network that invents an image's detail, as its metadata name it."""

    name: str
    sha256: str  #: of the file of its weights


@dataclass(frozen=True)
class Output:
    """How results are written."""

    quality: int = 95  #: 1 to 100, of lossy formats
    lossless: bool = False  #: WebP and AVIF without loss
    to_srgb: bool = False  #: in sRGB instead of the input's profile
    strip: bool = False  #: without EXIF, XMP, IPTC and DPI
    maker: Maker | None = None  #: named in XMP; None: nothing was invented, as by bicubic interpolation
    scale: float | None = None  #: of the result, at most the network's, which it is by default
    box: tuple[float, float] | None = None  #: width and height that the result fits into, instead of a scale

    def size(self, path: Path, width: int, height: int, most: int) -> tuple[int, int]:
        """Compute the size of an image's result, where the network enlarges by ``most``; ``ImageError`` if it cannot.

        ``path`` is the image's.
        """
        scale = min(self.box[0] / width, self.box[1] / height) if self.box else self.scale or most
        if not 1 <= scale <= most:
            problem = f"{width}×{height} pixels are to be enlarged {scale:.3g} times, and the network does 1 to {most}"
            raise ImageError.at(path, f"{problem}; {'take it as it is' if scale < 1 else 'enlarge the result again'}")
        return round(width * scale), round(height * scale)


def format_of(path: Path) -> Format:
    """Find the format that a file's name stands for; ``ImageError`` if results are not written in it."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise ImageError.at(path, f"the name must end in one of {', '.join(FORMATS)}")
    return form


def check_size(path: Path, width: int, height: int) -> None:
    """Check before anything is computed that a format can hold an image; ``ImageError`` if it is too wide or high."""
    form = format_of(path)
    if max(width, height) > form.longest:
        most = f"{form.name} holds at most {form.longest:,} pixels a side"
        raise ImageError.at(path, f"{most}, and the result has {width:,}×{height:,}; write PNG or TIFF")


def losses(path: Path, *, depth: int, has_alpha: bool, frames: int, left_out: int) -> Iterator[str]:
    """Name what an image of ``depth`` bits a channel, of so many frames, loses in the file to write; and pages."""
    form = format_of(path)
    if has_alpha and not form.has_alpha:
        yield f"{form.name} has no transparency: the image is laid on white"
    if depth > form.depth:
        yield f"{form.name} has {form.depth} bits a channel: the {depth} bits of the image are rounded"
    if frames > 1 and not form.has_frames:
        yield f"{form.name} holds no animation: only the first of {frames} frames is written"
    if left_out:
        yield f"{left_out} of {left_out + 1} pages {'is' if left_out == 1 else 'are'} left out; only the first is read"
    if form.name == "GIF":
        yield "GIF has 256 colours a frame and no half transparency"


def without_effect(suffix: str, *, quality: int | None, lossless: bool) -> list[str]:
    """Name the options that mean nothing to the format of a file name ending, or are overridden by another."""
    form = FORMATS.get(suffix.lower())
    if form is None:
        return []
    ignored = [] if quality is None or (form.has_quality and not lossless) else ["--quality"]
    return ignored + ([] if not lossless or form.has_lossless else ["--lossless"])
