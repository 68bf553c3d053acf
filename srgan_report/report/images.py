"""The images of a report, each kept once under a short name, and the viewer that shows every method's."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from srgan_lib.methods import NOT_PICTURED, OURS, method_styles
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.markup import data_uri
from srgan_report.report.load_run import FinishedRun, ImageFiles

TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
SUFFIXES = {mime: suffix for suffix, mime in TYPES.items()}
MOST_WEBP = 16383  #: pixels of a side
#: Lossless, a third smaller than PNG; slower settings win a few per cent in many times the time.
WEBP = {"lossless": True, "exact": True, "quality": 0, "method": 2}
JUDGED = 512  #: pixels across up to which an image is a crop
DATA_URI = re.compile(rf"data:({'|'.join(map(re.escape, SUFFIXES))});base64,([A-Za-z0-9+/=]+)")
NAME = re.compile(r"image-[0-9a-f]{16}(\.\w+)")
#: Bytes of whole images, as PNG, that a report holds: WebP makes two thirds of them, base64 a third more of these.
MOST = 22_000_000
THUMB = 176  #: pixels of a thumbnail's longer side
LARGE_THUMB = 560  #: of those that open the report of one's own photographs
SCORES = {"psnr_y": "{} dB", "lpips_alex": "LPIPS {}"}  #: shown under an image


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
        with Image.open(io.BytesIO(data)) as image:
            return image.size

    def embed(self, html: str) -> str:
        """Replace every name in HTML by its image as a data URI; PNGs become lossless WebP where that is smaller."""
        names = list(dict.fromkeys(found[0] for found in NAME.finditer(html)))
        with ThreadPoolExecutor() as pool:
            uris = dict(zip(names, pool.map(self._uri, names), strict=True))
        return NAME.sub(lambda found: uris[found[0]], html)

    def _uri(self, name: str) -> str:
        data, mime = self._files[name], TYPES[Path(name).suffix]
        if mime == "image/png" and (small := _as_webp(data)) and len(small) < len(data):
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
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(buffer, "JPEG", quality=88, subsampling=0, optimize=True)
    return buffer.getvalue()


def _as_webp(png: bytes) -> bytes | None:
    """Encode a PNG as WebP that has the same pixels; None for one whose colours or sides WebP cannot have."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        if image.mode not in ("L", "P", "RGB", "RGBA") or max(image.size) > MOST_WEBP:
            return None
        if getattr(image, "n_frames", 1) > 1 or {"icc_profile", "gamma"} & set(image.info):
            return None
        image.save(buffer, "WEBP", **WEBP)
    return buffer.getvalue()


@dataclass(frozen=True)
class Version:
    """One method's image: its label, its scores on the whole image, its name among the report's images."""

    label: str
    scores: str
    source: str
    shown: bool  # false for the classical methods near bicubic, which the viewer shows on request


@dataclass(frozen=True)
class ViewedImage:
    """A test image, or a crop of it, with its versions by method, and a thumbnail if it is for the gallery."""

    dataset: str
    image: str
    size: tuple[int, int]
    versions: dict[str, Version]
    thumb: str = ""
    thumb_size: tuple[int, int] = (0, 0)

    @property
    def key(self) -> str:
        """What figures on the page call it."""
        return f"{self.dataset}/{self.image}"


@dataclass(frozen=True)
class Viewer:
    """The viewer's images: whole ones, or else crops of their middle."""

    images: list[ViewedImage]
    whole: bool
    total: int  # test images there are, of which some may not have found room

    @property
    def note(self) -> str:
        """Say what the viewer lacks, if anything."""
        count = f"{len(self.images)} of {self.total} test images"
        if not self.whole:
            return f"This report is light: the viewer shows the middle of {count}. All lie in evaluation/images."
        return "" if len(self.images) == self.total else f"The viewer holds {count}; all lie in evaluation/images."

    def data(self) -> dict[str, Any]:
        """Describe the images for the page's script."""
        described = [
            {
                "key": one.key,
                "title": one.image,
                "width": one.size[0],
                "height": one.size[1],
                "versions": [{"method": method, **vars(version)} for method, version in one.versions.items()],
            }
            for one in self.images
        ]
        return {"note": self.note, "images": described}


def make_viewer(run: FinishedRun, images: Images, light: bool = False) -> Viewer:
    """Collect the viewer's images, whose files are added to ``images``: crops if ``light`` or alone there."""
    whole = bool(run.whole_images) and not light
    chosen = _that_fit(run) if whole else run.crops
    total = sum(len(run.scores.images(dataset)) for dataset in run.scores.datasets)
    side = LARGE_THUMB if run.own_photographs else THUMB
    viewed = []
    for files in chosen:
        with Image.open(files.files.get(OURS, files.files["hr"])) as image:
            thumb = image.convert("RGB")
        thumb.thumbnail((side, side))
        buffer = io.BytesIO()
        thumb.save(buffer, "JPEG", quality=82)
        one = view(run, files, images)
        viewed.append(replace(one, thumb=images.add(buffer.getvalue(), "image/jpeg"), thumb_size=thumb.size))
    return Viewer(viewed, whole, total)


def view(run: FinishedRun, files: ImageFiles, images: Images, *, enlarge: bool = False) -> ViewedImage:
    """Add every method's version of an image to ``images``, with ``enlarge`` all of one size."""
    with Image.open(files.files["hr"]) as hr:
        size = hr.size
    versions = {}
    for method, style in method_styles(files.files).items():
        path = files.files[method]
        source = images.add(_enlarged(path, size) if enlarge else path.read_bytes(), "image/png")
        scores = _score_text(run, files, method)
        versions[method] = Version(style.label, scores, source, method not in NOT_PICTURED)
    return ViewedImage(files.dataset, files.image, size, versions)


def _enlarged(path: Path, size: tuple[int, int]) -> bytes:
    """Read a crop's PNG; an LR crop is enlarged by repeating its pixels, so that nothing can smooth them."""
    with Image.open(path) as image:
        if image.size == size:
            return path.read_bytes()
        buffer = io.BytesIO()
        image.resize(size, Image.Resampling.NEAREST).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()


def _score_text(run: FinishedRun, files: ImageFiles, method: str) -> str:
    """Write a method's scores on one image in few words, e.g. ``28.43 dB, LPIPS 0.340``."""
    values = {metric: run.scores.one(files.dataset, files.image, method, metric) for metric in SCORES}
    known = {metric: METRICS[metric].text(value) for metric, value in values.items() if value is not None}
    return ", ".join(SCORES[metric].format(text) for metric, text in known.items())


def _that_fit(run: FinishedRun) -> list[ImageFiles]:
    """Choose whole images up to :data:`MOST` bytes, those first that have crops, in the order of the test sets."""
    ranks = {(files.dataset, files.image): rank for rank, files in enumerate(run.crops)}
    chosen: list[ImageFiles] = []
    size = 0
    for files in sorted(run.whole_images, key=lambda one: ranks.get((one.dataset, one.image), len(ranks))):
        size += sum(path.stat().st_size for path in files.files.values())
        if size > MOST and chosen:
            break
        chosen.append(files)
    return [files for files in run.whole_images if files in chosen]
