"""The images of a report, each kept once under a short name while the page is being made."""

from __future__ import annotations

import base64
import hashlib
import io
import mimetypes
import re
from pathlib import Path

DATA_URI = re.compile(r"data:(image/[\w.+-]+);base64,([A-Za-z0-9+/=\s]+)")
NAME = re.compile(r"image-[0-9a-f]{16}\.\w+")
SUFFIXES = {
    "image/svg+xml": ".svg",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
}


class Images:
    """Image files by name. Names stand in for the images in ``src`` attributes until the page is written."""

    def __init__(self) -> None:
        """Start without images."""
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
        """Width and height in CSS pixels, where the image is known and says so."""
        data = self._files.get(name)
        if data is None:
            return None
        if name.endswith(".svg"):
            sides = dict(re.findall(rb'\s(width|height)="([\d.]+)pt"', data[:2000]))
            return (
                (round(float(sides[b"width"]) * 4 / 3), round(float(sides[b"height"]) * 4 / 3))
                if len(sides) == 2
                else None
            )
        from PIL import Image

        with Image.open(io.BytesIO(data)) as image:
            return image.size

    def embed(self, html: str) -> str:
        """HTML with every name replaced by the image itself as a data URI."""
        return NAME.sub(lambda found: self._uri(found[0]), html)

    def write(self, folder: Path) -> None:
        """Write all images into a folder under their names."""
        for name, data in self._files.items():
            (folder / name).write_bytes(data)

    def _uri(self, name: str) -> str:
        return f"data:{mimetypes.guess_type(name)[0]};base64,{base64.b64encode(self._files[name]).decode()}"
