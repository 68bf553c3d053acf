"""A photograph as its file holds it: pixels, transparency, colour profile and metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Header:
    """What is known of an image file before its pixels are decoded.

    Attributes
    ----------
    path : of the file.
    width, height : pixels, upright.
    depth : bits a channel, 8 or 16.
    is_grey, has_alpha : which channels it has.
    frames : their number; more than 1 in an animation.
    profile : name of the embedded ICC profile, if there is one that can be read.
    """

    path: Path
    width: int
    height: int
    depth: int
    is_grey: bool
    has_alpha: bool
    frames: int = 1
    profile: str = ""

    @property
    def megapixels(self) -> float:
        """Size of all frames in millions of pixels."""
        return self.width * self.height * self.frames / 1e6

    def __str__(self) -> str:
        facts = [
            f"{self.width:,}×{self.height:,} pixels ({self.megapixels:.1f} megapixels)",
            f"{self.depth} bit {'grey' if self.is_grey else 'colour'}{' with transparency' if self.has_alpha else ''}",
            *([f"{self.frames} frames"] if self.frames > 1 else []),
            self.profile or "no colour profile",
        ]
        return ", ".join(facts)


@dataclass(frozen=True)
class Photograph:
    """A decoded image file.

    Attributes
    ----------
    header : size and channels.
    srgb : h×w×3, sRGB, uint8 or uint16: the latter where 8 bits would round what the file says.
    alpha : h×w of the same type, or None where the image is opaque.
    profile : the ICC profile that the file's numbers are in; None: sRGB, or none was named.
    is_converted : whether ``srgb`` has other numbers than the file, so that writing in ``profile`` converts back.
    metadata : a ``pyvips.Image`` whose fields hold EXIF, XMP, IPTC and DPI.
    notes : what the reader should be told about the colours.
    """

    header: Header
    srgb: np.ndarray
    alpha: np.ndarray | None
    profile: bytes | None
    is_converted: bool
    metadata: Any
    notes: tuple[str, ...] = field(default=())
