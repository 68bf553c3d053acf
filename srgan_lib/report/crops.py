"""Looking viewer: the crops of one image by every method, which the page's viewer lays side by side."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from srgan_lib.methods import NOT_PICTURED, method_styles
from srgan_lib.metrics.registry import METRICS
from srgan_lib.report.images import Images
from srgan_lib.report.load_run import Crops, FinishedRun

SCORES = {"psnr_y": "{} dB", "lpips_alex": "LPIPS {}"}  # shown under a crop


@dataclass(frozen=True)
class Panel:
    """One method's crop: its label, its figures on the whole image, the crop's name and its description."""

    label: str
    scores: str
    source: str
    alt: str


@dataclass(frozen=True)
class ViewerCrops:
    """The crops of one image by each method, all of one size."""

    dataset: str
    image: str
    size: tuple[int, int]
    panels: dict[str, Panel]

    @property
    def anchor(self) -> str:
        """The id of these crops on the page; the names' hash tells images apart whose letters an id cannot have."""
        names = f"{self.dataset}/{self.image}".encode()
        return f"{anchor('viewer', self.dataset, self.image)}-{zlib.crc32(names):08x}"

    @property
    def grid(self) -> str:
        """The id of the image's comparison grid, as notebook 5 names it."""
        return f"fig-grid_{self.dataset}_{self.image}"


def make_viewer_crops(run: FinishedRun, images: Images) -> list[ViewerCrops]:
    """Collect the crops of each image; their files are added to ``images``."""
    return [_viewer_crops(run, entry, images) for entry in run.crops]


def anchor(*text: str) -> str:
    """Make an HTML id of words."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(text).lower()).strip("-")


def _viewer_crops(run: FinishedRun, entry: Crops, images: Images) -> ViewerCrops:
    with Image.open(entry.files["hr"]) as hr:
        size = hr.size
    panels = {}
    for method, style in method_styles(entry.files).items():
        if method in NOT_PICTURED:
            continue
        values = {metric: run.scores.one(entry.dataset, entry.image, method, metric) for metric in SCORES}
        known = {metric: METRICS[metric].text(value) for metric, value in values.items() if value is not None}
        scores = ", ".join(SCORES[metric].format(text) for metric, text in known.items())
        alt = f"{entry.image}, {style.label}" + (f": {scores}" if scores else "")
        panels[method] = Panel(style.label, scores, images.add(_enlarged(entry.files[method], size), "image/png"), alt)
    return ViewerCrops(entry.dataset, entry.image, size, panels)


def _enlarged(path: Path, size: tuple[int, int]) -> bytes:
    """Read a crop's PNG; an LR crop is enlarged by repeating its pixels, so that nothing can smooth them."""
    with Image.open(path) as image:
        if image.size == size:
            return path.read_bytes()
        buffer = io.BytesIO()
        image.resize(size, Image.Resampling.NEAREST).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()
