"""The test images that the page shows by every method: strips at 300 %, and the viewer in which they are compared.

A crop lies where the original has most fine detail, a rule that no method has any part in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from srgan_lib.methods import NOT_PICTURED, OURS, method_styles
from srgan_lib.metrics.measure import METRICS
from srgan_report.exhibits.markup import encoded
from srgan_report.report.images import Images
from srgan_report.report.load_run import FinishedRun, ImageFiles

STRIP = 96  #: HR pixels of a strip's crops, of which a screen shows as much of the middle as it has room for at 300 %
CROP = 224  #: of the viewer's
PART, BLOCK = 64, 8  #: of the part that is to be rich in detail, and of the squares that are each to have some
#: Bytes of PNG files that the viewer holds; WebP makes two thirds of them, base64 a third more of these.
MOST, MOST_WHOLE = 3_300_000, 22_000_000
THUMB = 176  #: pixels of a thumbnail's longer side
LARGE_THUMB = 560  #: of those that open the report of one's own photographs
SCORES = {"psnr_y": "{} dB", "lpips_alex": "LPIPS {}"}  #: shown under an image
IN_WORDS = {"lr": "input (LR)", "hr": "original (HR)"}  #: what a strip calls them, which may be the first thing read


@dataclass(frozen=True)
class Version:
    """One method's image: its label, its scores on the whole image, its name among the report's images."""

    label: str
    scores: str
    source: str


@dataclass(frozen=True)
class ViewedImage:
    """A test image, or a crop of it, with its versions by method, and a thumbnail if it is for the gallery."""

    dataset: str
    image: str
    size: tuple[int, int]
    versions: dict[str, Version]
    centre: tuple[int, int] = (0, 0)  # of the part with most fine detail, across and down
    thumb: str = ""
    thumb_size: tuple[int, int] = (0, 0)

    @property
    def key(self) -> str:
        """What figures on the page call it."""
        return f"{self.dataset}/{self.image}"


@dataclass(frozen=True)
class Viewer:
    """The viewer's images: crops, or whole ones."""

    images: list[ViewedImage]
    whole: bool
    total: int  # test images there are, of which some may not have found room

    @property
    def note(self) -> str:
        """Say what the viewer lacks, if anything."""
        count = f"{len(self.images)} of {self.total} test images"
        if not self.whole:
            return f"The viewer shows a part of {count}; whole ones lie in evaluation/images."
        return "" if len(self.images) == self.total else f"The viewer holds {count}; all lie in evaluation/images."

    def data(self) -> dict[str, Any]:
        """Describe the images for the page's script."""
        described = [
            {
                "key": one.key,
                "title": one.image,
                "width": one.size[0],
                "height": one.size[1],
                "centre": one.centre,
                "versions": [{"method": method, **vars(version)} for method, version in one.versions.items()],
            }
            for one in self.images
        ]
        return {"note": self.note, "images": described}


def make_viewer(run: FinishedRun, images: Images, whole: bool = False) -> Viewer:
    """Collect as many test images as find room, those first that the evaluation chose; ``images`` gets their files."""
    ranks = {(files.dataset, files.image): rank for rank, files in enumerate(run.crops)}
    total = sum(len(run.scores.images(dataset)) for dataset in run.scores.datasets)
    thumb, room = LARGE_THUMB if run.own_photographs else THUMB, MOST_WHOLE if whole else MOST
    viewed: dict[tuple[str, str], ViewedImage] = {}
    for files in sorted(run.kept, key=lambda one: ranks.get((one.dataset, one.image), len(ranks))):
        one = view(run, files, images, None if whole else CROP)
        room -= sum(images.weight(version.source) for version in one.versions.values())
        if room < 0 and viewed:
            break
        viewed[files.dataset, files.image] = _with_thumb(one, files, images, thumb)
    order = [viewed[key] for files in run.kept if (key := (files.dataset, files.image)) in viewed]
    return Viewer(order, whole and bool(run.whole_images), total)


def strip(run: FinishedRun, files: ImageFiles, images: Images, methods: Iterable[str]) -> ViewedImage:
    """Cut the strip of some methods, which says in words what LR and HR are; ``images`` gets its files."""
    shown = {method: files.files[method] for method in methods if method in files.files}
    cut = view(run, replace(files, files=shown), images, STRIP, enlarge=True)
    words = {
        method: replace(version, label=IN_WORDS.get(method, version.label)) for method, version in cut.versions.items()
    }
    return replace(cut, versions=words)


def view(
    run: FinishedRun, files: ImageFiles, images: Images, side: int | None = None, *, enlarge: bool = False
) -> ViewedImage:
    """Cut ``side`` pixels a side, or take all, of every method's image but the classical ones near bicubic.

    The crop lies on whole LR pixels. ``enlarge`` repeats LR's pixels, so that all images have one size and nothing can
    smooth them.
    """
    with Image.open(files.files["hr"]) as hr, Image.open(files.files["lr"]) as lr:
        scale, size = hr.width // lr.width, hr.size
        across, down = textured_place(hr, lr)
    sides = [min(size[axis], side or size[axis]) // scale * scale for axis in (0, 1)]
    left, top = (
        min(max(0, place - length // 2), full - length) // scale * scale
        for place, length, full in zip((across, down), sides, size, strict=True)
    )
    versions = {}
    for method, style in method_styles(files.files).items():
        if method in NOT_PICTURED:
            continue
        with Image.open(files.files[method]) as image:
            step = 1 if image.size == size else scale
            cut = image.crop((left // step, top // step, (left + sides[0]) // step, (top + sides[1]) // step))
        if enlarge and step > 1:
            cut = cut.resize((sides[0], sides[1]), Image.Resampling.NEAREST)
        source = images.add(encoded(cut, "PNG"), "image/png")
        versions[method] = Version(style.label, _score_text(run, files, method), source)
    return ViewedImage(files.dataset, files.image, (sides[0], sides[1]), versions, centre=(across - left, down - top))


def textured_place(hr: Image.Image, lr: Image.Image) -> tuple[int, int]:
    """Find the middle, across and down, of the :data:`PART` of an image that is richest in detail which LR lacks.

    That detail is HR minus LR enlarged. A part is judged by the geometric mean of its blocks' energies, which is large
    for texture all over and small where one strong edge crosses what is flat.
    """
    grey = [np.asarray(image.convert("L"), float) for image in (hr, lr.resize(hr.size, Image.Resampling.BICUBIC))]
    energy = (grey[0] - grey[1]) ** 2
    rows, columns = (size // BLOCK for size in energy.shape)
    if not (rows and columns):
        return hr.width // 2, hr.height // 2
    blocks = energy[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK).mean((1, 3))
    # A strip's crop around the part is to lie inside the image, where the image is large enough for that.
    margins = [min((STRIP - PART) // 2 // BLOCK, max(0, size - PART // BLOCK) // 2) for size in blocks.shape]
    inner = np.log1p(blocks)[margins[0] : rows - margins[0], margins[1] : columns - margins[1]]
    part = [min(size, PART // BLOCK) for size in inner.shape]
    means = np.lib.stride_tricks.sliding_window_view(inner, part).mean((2, 3))
    down, across = (
        int((start + margin + length / 2) * BLOCK)
        for start, margin, length in zip(np.unravel_index(means.argmax(), means.shape), margins, part, strict=True)
    )
    return across, down


def _with_thumb(one: ViewedImage, files: ImageFiles, images: Images, side: int) -> ViewedImage:
    with Image.open(files.files.get(OURS, files.files["hr"])) as image:
        thumb = image.convert("RGB")
    thumb.thumbnail((side, side))
    name = images.add(encoded(thumb, "JPEG", quality=82), "image/jpeg")
    return replace(one, thumb=name, thumb_size=thumb.size)


def _score_text(run: FinishedRun, files: ImageFiles, method: str) -> str:
    """Write a method's scores on one image in few words, e.g. ``28.43 dB, LPIPS 0.340``."""
    values = {metric: run.scores.one(files.dataset, files.image, method, metric) for metric in SCORES}
    known = {metric: METRICS[metric].text(value) for metric, value in values.items() if value is not None}
    return ", ".join(SCORES[metric].format(text) for metric, text in known.items())
