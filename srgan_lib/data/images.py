"""Photographs on disk: reading those of any common kind as 8-bit RGB, and writing them.

Colours are converted by ICC profiles, relative colorimetric with black point compensation, by Little CMS.
"""

from __future__ import annotations

import hashlib
import io
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageCms, ImageOps

from srgan_lib.errors import InputError
from srgan_lib.files import atomic_path
from srgan_lib.formatting import printable

logger = logging.getLogger(__name__)

Split = Literal["train", "validation", "test"]

#: Those of the photographs of phones, and what reading them takes.
HEIF = frozenset({".heic", ".heif"})
HEIF_REMEDY = "needs another package; run: pip install 'srgan-report[heic]'"
#: File name endings (lower case) of the images that all commands read.
SUFFIXES = HEIF.union(
    (".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".avif", ".gif", ".bmp"),
    (".jp2", ".j2k", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".ras", ".xbm"),
)
#: The same for people.
KINDS = "PNG, JPEG, TIFF, WebP, AVIF, HEIC, GIF, BMP, JPEG 2000, PPM, TGA, RAS and XBM"
#: Pillow's mode for the colour space of a profile.
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_TOLERANCE = 1  #: of 255 levels by which a profile may differ from sRGB and count as the same


class ImageError(InputError):
    """A file that is no readable image, or an image unfit for what is asked."""

    @property
    def reason(self) -> str:
        """What is wrong, without the file's path."""
        return str(self).removeprefix(f"{printable(self.path)}: ")


class DatasetError(InputError):
    """A dataset that cannot be found, fetched, paired or split, with what to do about it."""


class ProfileError(InputError):
    """An ICC profile that cannot be read, or belongs to another kind of image."""


@dataclass(frozen=True)
class Photo:
    """One photograph on disk."""

    image: str  #: name, unique in its set
    path: Path  #: the HR file
    lr_path: Path | None = None  #: the LR file that belongs to it, if LR is not made from HR
    group: str = ""  #: photographs of one scene share it and never sit on two sides of a split
    split: Split | None = None  #: where the set itself puts the photograph; None leaves it to the seed
    reduction: int = 1  #: the photograph is used at 1/reduction of its size
    use_profile: bool = True  #: False where published figures were computed on the stored numbers, without the profile


def read_image(path: Path, *, use_profile: bool = True) -> np.ndarray:
    """Read an image as a person expects to see it, as an H×W×3 uint8 array.

    Colours become sRGB by the embedded ICC profile (one that cannot be read is warned of and left out), grey and
    palette images RGB, transparency is composited on white, 16-bit values and floats in [0,1] are scaled to 8 bits,
    CMYK is converted and the EXIF orientation is applied. Without ``use_profile`` the stored numbers are taken for
    sRGB whatever the profile says. An :class:`ImageError` names the file, what is wrong with it and what to do.
    """
    # Pillow's decoders raise whatever they stumble over in a damaged file, not only OSError.
    try:
        with open_image(path) as image:
            profile = image.info.get("icc_profile") if use_profile else None
            return np.asarray(_to_rgb(ImageOps.exif_transpose(image), profile, path))
    except FileNotFoundError:
        raise ImageError.at(path, "no such file") from None
    except ImageError as error:
        raise (error if error.path else ImageError.at(path, str(error))) from None
    except Exception as error:
        reason = " ".join(str(error).split())
        if "cannot identify" in reason:
            reason = "not an image, or of a kind Pillow does not know"
        raise ImageError.at(path, f"cannot be read ({reason}); replace the file or move it away") from error


def open_image(path: Path) -> Image.Image:
    """Open an image by Pillow, HEIC too; what is no regular file, such as a pipe, is an :class:`ImageError`."""
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ImageError.at(path, "no regular file")
    if path.suffix.lower() in HEIF:
        try:
            from pillow_heif import register_heif_opener
        except ModuleNotFoundError:
            raise ImageError.at(path, f"HEIC {HEIF_REMEDY}") from None
        register_heif_opener()
    return Image.open(path)


@cache
def is_srgb(profile: bytes, mode: str) -> bool:
    """Tell whether numbers of a mode (``L``, ``RGB`` or ``CMYK``) mean the same colours by a profile as in sRGB.

    A :class:`ProfileError` says that it cannot be read or is not for this mode.
    """
    ramp = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(ramp, ramp, ramp), -1).reshape(1, -1, 3)
    image = Image.fromarray(np.arange(256, dtype=np.uint8)[None] if mode == "L" else grid).convert(mode)
    difference = np.asarray(to_srgb(image, profile)).astype(int) - np.asarray(image.convert("RGB"))
    return mode != "CMYK" and bool(abs(difference).max() <= _TOLERANCE)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert an image of mode L, RGB or CMYK to RGB with sRGB's colours; a :class:`ProfileError` says why not."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = ImageCms.core.profile_frombytes(profile).xcolor_space.strip()
        if _MODES.get(space) != image.mode:
            raise ProfileError(f"its ICC profile is for {space or 'unknown'} images, and this one is {image.mode}")
        converted = ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError) as error:
        raise ProfileError(f"its ICC profile cannot be read ({error})") from error
    assert converted is not None  # only None with inPlace
    return converted


def read_photo(photo: Photo) -> np.ndarray:
    """Decode a photograph at the size at which it is used, as H×W×3 uint8."""
    image = read_image(photo.path, use_profile=photo.use_profile)
    if photo.reduction == 1:
        return image
    from srgan_lib.data.resize import imresize  # with scipy, which planning does without

    return imresize(image, 1 / photo.reduction)


def write_image(path: Path, image: np.ndarray) -> None:
    """Write a uint8 H×W, H×W×3 or H×W×4 array as PNG, in one step (never half a file)."""
    with atomic_path(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")


def crop_to_multiple(image: np.ndarray, multiple: int) -> np.ndarray:
    """Cut rows and columns off the bottom and the right until both sizes are multiples; smaller is an ImageError."""
    height, width = image.shape[:2]
    if min(height, width) < multiple:
        raise ImageError(f"the image is {width}×{height} pixels; it needs at least {multiple}×{multiple}")
    return image[: height - height % multiple, : width - width % multiple]


def pixel_hash(image: np.ndarray) -> str:
    """Hash an image's shape and pixels by SHA-256, in hexadecimal."""
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).data).hexdigest()


def _to_rgb(image: Image.Image, profile: bytes | None, path: Path) -> Image.Image:
    if image.mode.startswith("I"):  # I;16, I;16B and I: 16-bit grey, 257 = 65535 / 255
        image = _grey(np.asarray(image).astype(np.float64) / 257)
    elif image.mode == "F":
        image = _grey(np.asarray(image).astype(np.float64) * 255)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        colours = rgba.getchannel(0) if image.mode == "LA" else rgba.convert("RGB")
        visible = _srgb(colours, profile, path).convert("RGBA")
        visible.putalpha(rgba.getchannel(3))
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, visible).convert("RGB")
    return _srgb(image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB"), profile, path)


def _srgb(image: Image.Image, profile: bytes | None, path: Path) -> Image.Image:
    """Convert an image of mode L, RGB or CMYK to RGB; numbers whose profile is sRGB stay, bit for bit."""
    try:
        if profile is not None and not is_srgb(profile, image.mode):
            return to_srgb(image, profile)
    except ProfileError as error:
        logger.warning("%s: %s; its colours are taken for sRGB", path, error)
    return image.convert("RGB")


def _grey(values: np.ndarray) -> Image.Image:
    """Round grey values, which should lie in [0,255], to an image of mode L."""
    rounded = np.floor(values + 0.5)
    if not (np.isfinite(values).all() and rounded.min() >= 0 and rounded.max() <= 255):
        raise ImageError(
            "integers beyond 16 bits or floats outside [0,1] have no agreed range of grey; "
            "save the image with 8 or 16 bits a channel"
        )
    return Image.fromarray(rounded.astype(np.uint8))
