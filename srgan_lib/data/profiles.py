"""ICC profiles: what a file says its numbers mean as colours, and the way from there to sRGB.

Conversions are relative colorimetric with black point compensation, by Little CMS.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image, ImageCms

from srgan_lib.errors import InputError

#: Pillow's mode for the colour space of a profile.
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_TOLERANCE = 1  #: of 255 levels by which a profile may differ from sRGB and count as the same


class ProfileError(InputError):
    """An ICC profile that cannot be read, or belongs to another kind of image."""


@cache
def is_srgb(profile: bytes, mode: str) -> bool:
    """Tell whether a profile gives the colours that the same numbers have in sRGB.

    Parameters
    ----------
    profile : the bytes embedded in the file.
    mode : of the image's colours: ``L``, ``RGB`` or ``CMYK``.

    Raises
    ------
    ProfileError
        If it cannot be read or is not for this mode.
    """
    ramp = np.linspace(0, 255, 9).round().astype(np.uint8)
    if mode == "CMYK":
        to_srgb(Image.new("CMYK", (1, 1)), profile)
        return False
    probe = np.arange(256, dtype=np.uint8)[None] if mode == "L" else np.stack(np.meshgrid(ramp, ramp, ramp), -1)
    probe = probe if mode == "L" else probe.reshape(1, -1, 3)
    image = Image.fromarray(probe)
    difference = np.asarray(to_srgb(image, profile)).astype(int) - np.asarray(image.convert("RGB"))
    return bool(abs(difference).max() <= _TOLERANCE)


def describe(profile: bytes | None) -> str:
    """Read the name of a profile; empty where there is none or it cannot be read."""
    if profile is None:
        return ""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()
    except (OSError, ImageCms.PyCMSError):
        return ""


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert an image of mode L, RGB or CMYK to RGB with sRGB's colours.

    Raises
    ------
    ProfileError
        If the profile cannot be read or is not for this mode.
    """
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
