"""Parts of all images by all methods on one sheet, which on paper stands for the many figures of single images."""

from __future__ import annotations

import numpy as np
from bs4 import BeautifulSoup, Tag
from PIL import Image

from srgan_lib.data.images import read_image
from srgan_lib.evaluation.samples import Sample
from srgan_lib.methods import NOT_PICTURED, method_styles
from srgan_report.exhibits.grids import most_different
from srgan_report.exhibits.markup import encoded
from srgan_report.report.images import Images
from srgan_report.report.load_run import FinishedRun, ImageFiles
from srgan_report.report.page import TEMPLATE, page_templates

#: By how the figures of single images begin, what of each image they show.
PARTS = {
    "fig-patch": "those in which the methods differ most, by the standard deviation of their luminance",
    "fig-patch_middle": "its middle, in whose place no method has any part",
}

DRAWN = 256  #: pixels of a part's side as it is drawn, about 300 an inch


def add_sheets(main: Tag, run: FinishedRun, images: Images) -> None:
    """Put a sheet before the figures of each kind of part, and leave these to the screen; ``images`` gets its files.

    The images must have been kept whole; else the figures stay.
    """
    side = run.manifest["parameters"]["evaluation"]["patch_size"]
    for kind, part in PARTS.items():
        files = {f"{kind}_{one.dataset}_{one.image}": one for one in run.whole_images}
        figures = [one for one in main.select("figure[id]") if one["id"] in files]
        if not figures:
            continue
        samples = [_sample(files[str(one["id"])]) for one in figures]
        numbers = [one.select(".label")[0].get_text().strip("Figure .") for one in (figures[0], figures[-1])]
        rows = [(one.image, _cut(one, side, kind, images)) for one in samples]
        labels = [style.label for style in method_styles(["lr", *samples[0].results, "hr"]).values()]
        template = page_templates(TEMPLATE).get_template("sheet.html.j2")
        html = template.render(kind=kind, side=side, part=part, numbers=numbers, labels=labels, rows=rows)
        figures[0].insert_before(BeautifulSoup(html, "html.parser"))
        for figure in figures:
            figure["data-only"] = "screen"


def _sample(files: ImageFiles) -> Sample:
    """Read one image by the methods that pictures show."""
    pixels = {method: read_image(path) for method, path in files.files.items() if method not in NOT_PICTURED}
    lr, hr = pixels.pop("lr"), pixels.pop("hr")
    return Sample(files.dataset, files.image, lr, hr, pixels, {})


def _cut(sample: Sample, side: int, kind: str, images: Images) -> list[str]:
    """Cut a part of LR, of each method's image and of HR, and name the files."""
    at = (0.5, 0.5) if kind.endswith("middle") else most_different(sample, side, list(sample.results))
    part = sample.part(side, at)
    return [images.add(_enlarged(pixels), "image/png") for pixels in (part.lr, *part.results.values(), part.hr)]


def _enlarged(pixels: np.ndarray) -> bytes:
    """Repeat pixels, H×W×3 uint8, so that nothing can smooth them, as a PNG file."""
    times = max(1, DRAWN // pixels.shape[0])
    return encoded(Image.fromarray(pixels.repeat(times, axis=0).repeat(times, axis=1)), "PNG", optimize=True)
