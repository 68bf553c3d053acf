"""The crops of one image by every method, side by side: the examples at the top of the report."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from srgan_lib.methods import NOT_PICTURED, method_styles
from srgan_lib.report.images import Images
from srgan_lib.report.load_run import FinishedRun, ImageFiles
from srgan_lib.report.viewer import score_text


@dataclass(frozen=True)
class Panel:
    """One method's crop: its label, its scores on the whole image, the crop's name and its description."""

    label: str
    scores: str
    source: str
    alt: str


@dataclass(frozen=True)
class ExampleCrops:
    """The crops of one image by each method, all of one size."""

    dataset: str
    image: str
    size: tuple[int, int]
    panels: dict[str, Panel]

    @property
    def anchor(self) -> str:
        """The id of these crops on the page; the names' hash tells images apart whose letters an id cannot have."""
        names = f"{self.dataset}/{self.image}".encode()
        return f"{anchor('example', self.dataset, self.image)}-{zlib.crc32(names):08x}"


def example_crops(run: FinishedRun, dataset: str, image: str, images: Images) -> ExampleCrops | None:
    """Collect the crops of an image, whose files are added to ``images``; none where the evaluation cut none."""
    found = next((files for files in run.crops if (files.dataset, files.image) == (dataset, image)), None)
    return _crops(run, found, images) if found else None


def anchor(*text: str) -> str:
    """Make an HTML id of words."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(text).lower()).strip("-")


def _crops(run: FinishedRun, entry: ImageFiles, images: Images) -> ExampleCrops:
    with Image.open(entry.files["hr"]) as hr:
        size = hr.size
    panels = {}
    for method, style in method_styles(entry.files).items():
        if method in NOT_PICTURED:
            continue
        scores = score_text(run, entry.dataset, entry.image, method)
        alt = f"{entry.image}, {style.label}" + (f": {scores}" if scores else "")
        panels[method] = Panel(style.label, scores, images.add(_enlarged(entry.files[method], size), "image/png"), alt)
    return ExampleCrops(entry.dataset, entry.image, size, panels)


def _enlarged(path: Path, size: tuple[int, int]) -> bytes:
    """Read a crop's PNG; an LR crop is enlarged by repeating its pixels, so that nothing can smooth them."""
    with Image.open(path) as image:
        if image.size == size:
            return path.read_bytes()
        buffer = io.BytesIO()
        image.resize(size, Image.Resampling.NEAREST).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()
