"""The images of a report, each kept once under a short name, and as small as what is to be seen in it allows."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from srgan_report.exhibits.markup import data_uri, encoded

TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
SUFFIXES = {mime: suffix for suffix, mime in TYPES.items()}
MOST_WEBP = 16383  #: pixels of a side
#: Lossless, a third smaller than PNG; slower settings win a few per cent in many times the time.
LOSSLESS = {"lossless": True, "exact": True, "quality": 50, "method": 4}
#: Of whole photographs, drawn smaller than they are: a fifth of that.
LOSSY = {"quality": 85, "method": 4}
JUDGED = 512  #: pixels across up to which an image is a crop
DATA_URI = re.compile(rf"data:({'|'.join(map(re.escape, SUFFIXES))});base64,([A-Za-z0-9+/=]+)")
NAME = re.compile(r"image-[0-9a-f]{16}(\.\w+)")


class Images:
    """Image files by name. Names stand in for the images in ``src`` attributes until the page is written."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._overviews: set[str] = set()

    def add(self, data: bytes, mime: str) -> str:
        """Keep an image and return its name; equal images have one name."""
        name = f"image-{hashlib.sha256(data).hexdigest()[:16]}{SUFFIXES[mime]}"
        self._files[name] = data
        return name

    def take_from(self, html: str) -> str:
        """Move the data URIs of a piece of HTML here, leaving names."""
        return DATA_URI.sub(lambda found: self.add(base64.b64decode(found[2]), found[1]), html)

    def take_as_overview(self, name: str) -> None:
        """Note that nobody judges single pixels of an image, which may lose some on the page."""
        self._overviews.add(name)

    def weight(self, name: str) -> int:
        """Return an image's size in bytes as it was added."""
        return len(self._files[name])

    def size(self, name: str) -> tuple[int, int] | None:
        """Read width and height in CSS pixels; None for a drawing without them."""
        data = self._files[name]
        if name.endswith(".svg"):
            sides = dict(re.findall(rb'\s(width|height)="([\d.]+)pt"', data[:2000]))
            points = [float(sides[side]) for side in (b"width", b"height") if side in sides]
            return (round(points[0] * 4 / 3), round(points[1] * 4 / 3)) if len(points) == 2 else None
        with Image.open(io.BytesIO(data)) as image:
            return image.size

    def embed(self, html: str) -> str:
        """Replace every name in HTML by its image as a data URI; PNGs become WebP where that is smaller."""
        names = list(dict.fromkeys(found[0] for found in NAME.finditer(html)))
        with ThreadPoolExecutor() as pool:
            uris = dict(zip(names, pool.map(self._uri, names), strict=True))
        return NAME.sub(lambda found: uris[found[0]], html)

    def _uri(self, name: str) -> str:
        data, mime = self._files[name], TYPES[Path(name).suffix]
        if (
            mime == "image/png"
            and (small := _as_webp(data, LOSSY if name in self._overviews else LOSSLESS))
            and len(small) < len(data)
        ):
            return data_uri(small, "image/webp")
        return data_uri(data, mime)

    def write_for_paper(self, folder: Path, html: str) -> str:
        """Write the images that a page names into a folder, and return the page with the names of the files.

        A picture of more than :data:`JUDGED` pixels across is a figure in which photographs are drawn smaller than they
        are; it becomes a JPEG, a fifth of its PNG. Crops, whose pixels are judged, keep them.
        """
        files: dict[str, str] = {}
        for name in dict.fromkeys(found[0] for found in NAME.finditer(html)):
            data, files[name] = self._files[name], name
            if name.endswith(".png") and (size := self.size(name)) and size[0] > JUDGED:
                data, files[name] = _as_jpeg(data), f"{name.removesuffix('.png')}.jpg"
            (folder / files[name]).write_bytes(data)
        return NAME.sub(lambda found: files[found[0]], html)


def _as_jpeg(png: bytes) -> bytes:
    """Encode a PNG as JPEG, with its colours as fine as its brightness."""
    with Image.open(io.BytesIO(png)) as image:
        return encoded(image.convert("RGB"), "JPEG", quality=88, subsampling=0, optimize=True)


def _as_webp(png: bytes, options: Mapping[str, Any]) -> bytes | None:
    """Encode a PNG as WebP; None for one whose colours or sides WebP cannot have."""
    with Image.open(io.BytesIO(png)) as image:
        if image.mode not in ("L", "P", "RGB", "RGBA") or max(image.size) > MOST_WEBP:
            return None
        if getattr(image, "n_frames", 1) > 1 or {"icc_profile", "gamma"} & set(image.info):
            return None
        return encoded(image, "WEBP", **options)
