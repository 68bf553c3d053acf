"""Reading image files with their colour profile, bit depth, transparency and metadata."""

from __future__ import annotations

import io
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from PIL import Image, ImageCms, ImageOps

from srgan_lib.data.folders import is_utf8
from srgan_lib.data.images import SUFFIXES, ImageError, ProfileError, is_srgb, open_image
from srgan_report.upscaling.containers import is_cut, png_chunks
from srgan_report.upscaling.metadata import read_exif, with_bytes, with_exif, with_metadata

_FOREIGN = (
    "svg pdf eps ai psd psb xcf kra jxl jxr exr ico icns dds xpm pcx "
    "dng nef nrw cr2 cr3 crw arw sr2 srf raf orf rw2 pef srw rwl iiq 3fr fff x3f erf mrw mos dcr kdc"  # of cameras
)
#: File name endings of images that are not read, which a folder may hold: people should hear of them.
FOREIGN_SUFFIXES = frozenset(f".{kind}" for kind in _FOREIGN.split())
LARGEST = 200_000_000  #: pixels of an image that are decoded without being asked to

#: How colours are converted: options of ``icc_import`` and ``icc_export``.
CONVERSION: dict[str, Any] = {"intent": "relative", "black_point_compensation": True}

logging.getLogger("pyvips").setLevel(logging.ERROR)  # libvips's warnings go by the file; the errors here name it
_BY_PILLOW = SUFFIXES - {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".gif", ".avif"}


@dataclass(frozen=True)
class Header:
    """What is known of an image file before its pixels are decoded."""

    path: Path
    width: int  #: pixels, upright
    height: int
    depth: int  #: bits a channel, 8 or 16
    is_grey: bool
    has_alpha: bool
    frames: int  #: their number; more than 1 in an animation
    pages: int  #: of a TIFF, and images of a HEIC or AVIF file
    profile: str  #: name of the embedded ICC profile, if there is one that can be read

    @property
    def megapixels(self) -> float:
        """Size of all frames in millions of pixels."""
        return self.width * self.height * self.frames / 1e6

    def __str__(self) -> str:
        facts = [
            f"{self.width:,}×{self.height:,} pixels ({self.megapixels:.1f} megapixels)",
            f"{self.depth} bit {'grey' if self.is_grey else 'colour'}{' with transparency' if self.has_alpha else ''}",
            *([f"{self.frames} frames"] if self.frames > 1 else []),
            *([f"{self.pages} pages"] if self.pages > 1 else []),
            self.profile or "no colour profile",
        ]
        return ", ".join(facts)


@dataclass(frozen=True)
class Photograph:
    """A decoded image file."""

    header: Header
    srgb: np.ndarray  #: h×w×3, sRGB, uint8 or uint16: the latter where 8 bits would round what the file says
    alpha: np.ndarray | None  #: h×w of the same type, or None where the image is opaque
    profile: bytes | None  #: the ICC profile that the file's numbers are in; None: sRGB, or none was named
    is_converted: bool  #: ``srgb`` has other numbers than the file, so that writing in ``profile`` converts back
    metadata: Any  #: a ``pyvips.Image`` whose fields hold EXIF, XMP, IPTC and DPI
    notes: list[str]  #: what the reader should be told about colours


def read_header(path: Path, *, allow_large: bool = False) -> Header:
    """Read size and channels of an image file, without decoding it.

    ``ImageError`` if it is no image that can be read, or has more than ``LARGEST`` pixels and is not allowed to.
    """
    with _opened(path) as image:
        return _header(path, image, allow_large)


def read_photograph(path: Path, *, page: int = 0, allow_large: bool = False) -> Photograph:
    """Decode an image, or a TIFF's page from 0, upright in sRGB; errors as of :func:`read_header`, and if damaged."""
    with _opened(path, page) as image:
        header = _header(path, image, allow_large)
        if isinstance(image, Image.Image):
            return _decode(header, _upright(image))
        if not page and str(_field(image, "vips-loader")).startswith("tiff") and (exif := read_exif(path)):
            image = with_exif(image, exif)
        return _decode(header, image.autorot())


@contextmanager
def _opened(path: Path, page: int = 0) -> Iterator[pyvips.Image | Image.Image]:
    """Open a file by libvips, or by Pillow where libvips does not know it.

    What the decoders raise becomes an error that names the file; they raise whatever they stumble over.
    """
    suffix = path.suffix.lower()
    if not is_utf8(str(path)):
        name = os.fsencode(path).decode(errors="backslashreplace")
        raise ImageError(f"{name}: the file's name is not UTF-8; rename it", path=path)
    if suffix in FOREIGN_SUFFIXES:
        raise ImageError.at(path, f"{suffix[1:].upper()} is not read; convert it to PNG or TIFF first")
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe would be to wait for someone who writes to it
            raise ImageError.at(path, "is a folder, a pipe or a device, and no file; move it away")
        if suffix in _BY_PILLOW:
            with open_image(path) as picture:
                yield picture
        else:
            yield _open_by_libvips(path, page)
    except FileNotFoundError:
        raise ImageError.at(path, "no such file") from None
    except Image.DecompressionBombError:
        raise too_large(path, "more than 178 million") from None
    except ImageError:
        raise
    except Exception as error:
        problem = f"cannot be read ({(str(error).strip() or type(error).__name__).splitlines()[-1].strip()})"
        if any(words in str(error) for words in ("known format", "unable to load", "cannot identify")):
            problem = "not an image, or of a kind that is not read"
        raise ImageError.at(path, f"{problem}; replace the file or move it away") from error


def _open_by_libvips(path: Path, page: int) -> pyvips.Image:
    with path.open("rb") as file:  # raises what is wrong with the path itself
        start = file.read(512)
    if b"<svg" in start:
        raise ImageError.at(path, "SVG is not read; convert it to PNG or TIFF first")
    if is_cut(path, start):
        raise ImageError.at(path, "ends too early: a part of the file is missing; replace the file or move it away")
    source = pyvips.Source.new_from_file(str(path))
    # "truncated" would leave the strips black that a TIFF lacks; a warning is no reason to refuse an image
    which = f"[page={page}]" if page else ""  # which most loaders do not know
    image = pyvips.Image.new_from_source(source, which, access="random", fail_on="error")
    if start.startswith(b"\x89PNG") and _field(image, "icc-profile-data") is None and b"iCCP" in png_chunks(path):
        return with_bytes(image, "icc-profile-data", b"broken")  # else nobody would hear of it
    return image


def _header(path: Path, image: pyvips.Image | Image.Image, allow_large: bool) -> Header:
    if isinstance(image, Image.Image):
        width, height = image.size
        orientation, profile = image.getexif().get(0x0112, 1), image.info.get("icc_profile")
        grey, alpha = image.mode in ("1", "L", "LA") or _is_deep(image), image.has_transparency_data
        depth = 16 if _is_deep(image) else 8
        frames, pages = 1, int(getattr(image, "n_frames", 1))
    else:
        width, height = image.width, image.height
        orientation, profile = int(_field(image, "orientation") or 1), _field(image, "icc-profile-data")
        colours, alpha = image.bands - image.hasalpha(), bool(image.hasalpha())
        if colours not in (1, 3, 4):
            raise ImageError.at(path, f"images of {colours} channels are not read; save it as RGB")
        grey, depth = colours == 1, 8 if image.format == "uchar" else 16
        frames, pages = _frames_and_pages(path, image)
    if width * height * frames > LARGEST and not allow_large:
        raise too_large(path, f"{width:,}×{height:,}" + (f"×{frames}" if frames > 1 else ""))
    size = (height, width) if orientation >= 5 else (width, height)
    name = _profile_name(profile)
    return Header(path, *size, depth, is_grey=grey, has_alpha=alpha, frames=frames, pages=pages, profile=name)


def _profile_name(profile: bytes | None) -> str:
    """Read the name of a profile; empty where there is none or it cannot be read."""
    if profile is None:
        return ""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except (OSError, ImageCms.PyCMSError):
        return ""


def _frames_and_pages(path: Path, image: pyvips.Image) -> tuple[int, int]:
    """Count the frames of an animation, of which libvips does not know a PNG's, or the pages, which are not frames."""
    loader, count = str(_field(image, "vips-loader")), int(_field(image, "n-pages") or 1)
    if loader.startswith("pngload"):
        return int.from_bytes(png_chunks(path).get(b"acTL", b"\1"), "big"), 1
    return (count, 1) if loader.startswith(("gifload", "webpload")) else (1, count)


def _field(image: pyvips.Image, name: str) -> Any:
    """Read a field of an image's header; None where it has none of this name."""
    return image.get(name) if image.get_typeof(name) else None


def _is_deep(picture: Image.Image) -> bool:
    """Tell grey of 16 bits, all that Pillow has of more than 8."""
    return picture.mode.startswith("I")


def too_large(path: Path, size: str) -> ImageError:
    """Make the error of an image of more than ``LARGEST`` pixels; ``size`` says how many."""
    problem = f"{size} pixels are more than the {LARGEST // 10**6} million that are decoded unasked"
    return ImageError.at(path, f"{problem}; if the file is what you think, use --allow-large")


def _upright(picture: Image.Image) -> pyvips.Image:
    """Decode what Pillow has opened, with its metadata in libvips's fields."""
    upright = ImageOps.exif_transpose(picture)
    mode = "RGBA" if upright.has_transparency_data else "L" if upright.mode in ("1", "L") else "RGB"
    if _is_deep(upright):
        mode, pixels = "I;16", np.asarray(upright).astype(np.uint16)
    else:
        pixels = np.asarray(upright.convert(mode))
    kind = {"L": "b-w", "I;16": "grey16"}.get(mode, "srgb")
    image = with_exif(pyvips.Image.new_from_array(pixels).copy(interpretation=kind), upright.getexif().tobytes())
    if dpi := picture.info.get("dpi"):
        image = image.copy(xres=dpi[0] / 25.4, yres=dpi[1] / 25.4)
    for name, info in (("icc-profile-data", "icc_profile"), ("xmp-data", "xmp")):
        if content := picture.info.get(info):
            image = with_bytes(image, name, content)
    return image


def _decode(header: Header, image: pyvips.Image) -> Photograph:
    alpha, is_converted = None, False
    notes: list[str] = []
    if header.has_alpha:
        alpha = _pixels(_integers(header.path, image[-1]))[..., 0]
        image = image[:-1]
    profile, mode = _field(image, "icc-profile-data"), {1: "L", 3: "RGB", 4: "CMYK"}[image.bands]
    try:
        is_converted = profile is not None and not is_srgb(profile, mode)
    except ProfileError as error:
        notes.append(f"{error}; its colours are taken for {'the usual CMYK of print' if mode == 'CMYK' else 'sRGB'}")
        profile = None
    image = _integers(header.path, image)
    if mode == "CMYK":
        if profile is None:
            image = image.copy()
            image.remove("icc-profile-data")  # else libvips would use it
        image = image.icc_import(input_profile="cmyk", embedded=profile is not None, **CONVERSION)
        image = image.icc_export(output_profile="srgb", depth=header.depth, **CONVERSION)
        profile, is_converted = None, False
        notes.append("CMYK is written as sRGB")
    elif is_converted:
        image = image.icc_import(embedded=True, **CONVERSION)
        image = image.icc_export(output_profile="srgb", depth=16, **CONVERSION)
    srgb = _pixels(image)
    if srgb.shape[2] == 1:
        srgb = srgb.repeat(3, axis=2)
    if alpha is not None and alpha.dtype != srgb.dtype:
        alpha = alpha.astype(np.uint16) * 257
    metadata = with_metadata(pyvips.Image.black(1, 1), image)
    return Photograph(header, srgb, alpha, profile, is_converted, metadata, notes)


def _integers(path: Path, image: pyvips.Image) -> pyvips.Image:
    """Bring any kind of number to 8 or 16 bits a channel."""
    if image.format in ("uchar", "ushort"):
        return image
    least, most = image.min(), image.max()
    if image.format in ("float", "double") and least >= 0 and most <= 1:  # pyright: ignore[reportOperatorIssue] -- a tuple only with size=
        kind = "grey16" if image.bands == 1 else "rgb16"
        return (image * 65535).rint().cast("ushort").copy(interpretation=kind)
    unknown = "integers beyond 16 bits or floats outside [0,1] have no agreed range"
    raise ImageError.at(path, f"{unknown}; save the image with 8 or 16 bits a channel")


def _pixels(image: pyvips.Image) -> np.ndarray:
    """Compute an image: h×w×bands, uint8 or uint16."""
    kind = np.uint8 if image.format == "uchar" else np.uint16
    return np.frombuffer(image.write_to_memory(), kind).reshape(image.height, image.width, image.bands)
