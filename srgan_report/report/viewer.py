"""The viewer's images: whole ones of every test image by every method, or crops in a light report."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from srgan_lib.methods import NOT_PICTURED, OURS, method_styles
from srgan_lib.metrics.registry import METRICS
from srgan_report.report.images import Images
from srgan_report.report.load_run import FinishedRun, ImageFiles

#: Bytes of whole images, as PNG, that a report holds: WebP makes two thirds of them, base64 a third more of these.
MOST = 22_000_000
THUMB = 176  #: pixels of a thumbnail's longer side
LARGE_THUMB = 560  #: of those that open the report of one's own photographs
SCORES = {"psnr_y": "{} dB", "lpips_alex": "LPIPS {}"}  #: shown under an image


@dataclass(frozen=True)
class Version:
    """One method's image: its label, its scores on the whole image, its name among the report's images.

    ``shown`` is false for the classical methods near bicubic, which the viewer shows on request.
    """

    label: str
    scores: str
    source: str
    shown: bool


@dataclass(frozen=True)
class ViewedImage:
    """A test image in the viewer, with its versions by method and a thumbnail for the gallery."""

    dataset: str
    image: str
    size: tuple[int, int]
    versions: dict[str, Version]
    thumb: str
    thumb_size: tuple[int, int]

    @property
    def key(self) -> str:
        """What figures on the page call it."""
        return f"{self.dataset}/{self.image}"


@dataclass(frozen=True)
class Viewer:
    """The viewer's images.

    Attributes
    ----------
    whole : whether they are whole images; else crops of their middle.
    total : test images there are, of which some may not have found room.
    """

    images: list[ViewedImage]
    whole: bool
    total: int

    @property
    def note(self) -> str:
        """Say what the viewer lacks, if anything."""
        count = f"{len(self.images)} of {self.total} test images"
        if not self.whole:
            return f"This report is light: the viewer shows the middle of {count}. All lie in evaluation/images."
        return "" if len(self.images) == self.total else f"The viewer holds {count}; all lie in evaluation/images."

    def data(self) -> dict[str, Any]:
        """Describe the images for the page's script."""
        return {
            "note": self.note,
            "images": [
                {
                    "key": one.key,
                    "title": one.image,
                    "width": one.size[0],
                    "height": one.size[1],
                    "versions": [{"method": method, **vars(version)} for method, version in one.versions.items()],
                }
                for one in self.images
            ],
        }


def make_viewer(run: FinishedRun, images: Images, light: bool = False) -> Viewer:
    """Collect the viewer's images; their files are added to ``images``.

    Parameters
    ----------
    light : take crops in place of whole images. So it is, too, where a run has no whole images.
    """
    whole = bool(run.whole_images) and not light
    chosen = _that_fit(run) if whole else run.crops
    total = sum(len(run.scores.images(dataset)) for dataset in run.scores.datasets)
    side = LARGE_THUMB if run.own_photographs else THUMB
    return Viewer([_viewed(run, files, images, side) for files in chosen], whole, total)


def score_text(run: FinishedRun, dataset: str, image: str, method: str) -> str:
    """Write a method's scores on one image in few words, e.g. ``28.43 dB, LPIPS 0.340``."""
    values = {metric: run.scores.one(dataset, image, method, metric) for metric in SCORES}
    known = {metric: METRICS[metric].text(value) for metric, value in values.items() if value is not None}
    return ", ".join(SCORES[metric].format(text) for metric, text in known.items())


def _that_fit(run: FinishedRun) -> list[ImageFiles]:
    """Choose whole images up to :data:`MOST` bytes, those first that have crops, in the order of the test sets."""
    ranked = [(files.dataset, files.image) for files in run.crops]
    by_rank = sorted(
        run.whole_images,
        key=lambda files: ranked.index(key) if (key := (files.dataset, files.image)) in ranked else len(ranked),
    )
    chosen, size = set(), 0
    for files in by_rank:
        size += sum(path.stat().st_size for path in files.files.values())
        if size > MOST and chosen:
            break
        chosen.add((files.dataset, files.image))
    return [files for files in run.whole_images if (files.dataset, files.image) in chosen]


def _viewed(run: FinishedRun, files: ImageFiles, images: Images, side: int) -> ViewedImage:
    with Image.open(files.files["hr"]) as hr:
        size = hr.size
    versions = {
        method: Version(
            style.label,
            score_text(run, files.dataset, files.image, method),
            images.add(files.files[method].read_bytes(), "image/png"),
            method not in NOT_PICTURED,
        )
        for method, style in method_styles(files.files).items()
    }
    thumb, thumb_size = _thumbnail(files.files.get(OURS, files.files["hr"]), side)
    return ViewedImage(files.dataset, files.image, size, versions, images.add(thumb, "image/jpeg"), thumb_size)


def _thumbnail(path: Path, side: int) -> tuple[bytes, tuple[int, int]]:
    with Image.open(path) as image:
        small = image.convert("RGB")
    small.thumbnail((side, side))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=82)
    return buffer.getvalue(), small.size
