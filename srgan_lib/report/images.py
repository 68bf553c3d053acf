"""The images of a report, each kept once under a short name while the page is being made."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path

from srgan_lib.markup import data_uri

SUFFIXES = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
}
TYPES = {suffix: mime for mime, suffix in SUFFIXES.items()}
DATA_URI = re.compile(rf"data:({'|'.join(map(re.escape, SUFFIXES))});base64,([A-Za-z0-9+/=]+)")
NAME = re.compile(r"image-[0-9a-f]{16}(\.\w+)")


class Images:
    """Image files by name. Names stand in for the images in ``src`` attributes until the page is written."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def add(self, data: bytes, mime: str) -> str:
        """Keep an image and return its name; equal images have one name."""
        name = f"image-{hashlib.sha256(data).hexdigest()[:16]}{SUFFIXES[mime]}"
        self._files[name] = data
        return name

    def take_from(self, html: str) -> str:
        """Move the data URIs of a piece of HTML here, leaving names."""
        return DATA_URI.sub(lambda found: self.add(base64.b64decode(found[2]), found[1]), html)

    def size(self, name: str) -> tuple[int, int] | None:
        """Read width and height in CSS pixels; None for a drawing without them."""
        data = self._files[name]
        if name.endswith(".svg"):
            sides = dict(re.findall(rb'\s(width|height)="([\d.]+)pt"', data[:2000]))
            points = [float(sides[side]) for side in (b"width", b"height") if side in sides]
            return (round(points[0] * 4 / 3), round(points[1] * 4 / 3)) if len(points) == 2 else None
        from PIL import Image

        with Image.open(io.BytesIO(data)) as image:
            return image.size

    def embed(self, html: str) -> str:
        """Replace every name in HTML by the image itself as a data URI."""

        def uri(found: re.Match[str]) -> str:
            return data_uri(self._files[found[0]], TYPES[found[1]])

        return NAME.sub(uri, html)

    def write(self, folder: Path, html: str) -> None:
        """Write the images that a page names into a folder, under their names."""
        for name in {found[0] for found in NAME.finditer(html)}:
            (folder / name).write_bytes(self._files[name])
