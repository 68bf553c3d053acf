"""A page on which one's own photographs are seen enlarged by several networks, with what each takes and needs.

Of each photograph the part with most fine detail is enlarged, as a choice needs no more; nobody knows the true detail.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bs4 import BeautifulSoup
from PIL import Image

from srgan_lib.errors import MetricUnavailable
from srgan_lib.files import write_atomic
from srgan_lib.formatting import counted, duration
from srgan_lib.metrics.niqe import niqe
from srgan_lib.models.base import SuperResolver
from srgan_lib.models.tiled_inference import Progress, upscale
from srgan_report.exhibits.markup import encoded, page_text
from srgan_report.hardware import machine, machine_text
from srgan_report.report.images import Images
from srgan_report.report.page import TEMPLATE, ReportContent, page_templates, screen_page
from srgan_report.report.viewer import Version, ViewedImage, Viewer, textured_place
from srgan_report.upscaling.reading import Header, read_header, read_photograph
from srgan_report.upscaling.suited_model import Choice, suited_model

AREA, SHOWN = 128, 56  #: LR pixels a side: enlarged and timed, and of its middle shown
SEARCHED = 2048  #: pixels a side of the middle of a photograph, in which that part is looked for
Networks = Mapping[str, SuperResolver]  #: by name, the shipped ones by their own
TITLE = "Which model suits these photographs?"


class Measured(NamedTuple):
    """What a network takes and reaches."""

    name: str
    seconds: float  #: that the whole photograph would take
    niqe: float | None  #: of the part; None for one that is too small


class Compared(NamedTuple):
    """A photograph by all networks."""

    header: Header
    choice: Choice  #: what ``srgan upscale`` would take
    measured: list[Measured]  #: that one first
    crops: ViewedImage
    command: str  #: that enlarges the whole photograph so


def write_comparison(
    target: Path, photos: Sequence[Path], networks: Networks, on_step: Progress, allow_large: bool = False, **how: Any
) -> None:
    """Write a page of photographs enlarged by networks of one scale, and by bicubic interpolation.

    ``ImageError`` if a photograph cannot be read.

    Parameters
    ----------
    on_step : called with the number of enlargements that are done, and of all.
    allow_large : take photographs of more than 200 million pixels.
    **how : device and dtype, as of :func:`srgan_lib.models.tiled_inference.upscale`.
    """
    headers = [read_header(path, allow_large=allow_large) for path in photos]  # all, before anything is computed
    images, compared, total = Images(), list[Compared](), len(photos) * len(networks)
    for key, header in enumerate(headers):
        first = key * len(networks)
        compared.append(
            _compare(f"{key}", header, networks, images, lambda done, n=first: on_step(n + done, total), **how)
        )
    number = counted(len(photos), "photograph")
    context = {"title": TITLE, "photos": compared, "number": number, "machine": machine_text(machine())}
    template = page_templates(TEMPLATE).get_template("side_by_side.html.j2")
    main = BeautifulSoup(template.render(context, duration=duration), "html.parser").main
    assert main, "the template has one"
    viewer = Viewer([one.crops for one in compared], True, len(compared))  # which lacks nothing
    finding = f"{number} by {counted(len(networks), 'network')}."
    content = ReportContent(TITLE, finding, f"{date.today()}", main, images, target.parent, viewer)
    write_atomic(target, images.embed(page_text(screen_page(content))))


def _compare(
    key: str, header: Header, networks: Networks, images: Images, on_network: Callable[[int], None], **how: Any
) -> Compared:
    path, pictures, measured = header.path, {}, []
    choice = suited_model(path, allow_large=True)  # its header has been taken
    srgb = read_photograph(path, allow_large=True).srgb
    part = textured_part(srgb if srgb.dtype == np.uint8 else np.rint(srgb / 257).astype(np.uint8))
    for name in sorted(networks, key=lambda name: name != choice.model):
        upscale(part[:32, :32], networks[name], **how)  # what is prepared once takes no part in the time
        began = time.perf_counter()
        pictures[name] = upscale(part, networks[name], **how)
        seconds = (time.perf_counter() - began) * header.megapixels * 1e6 / part[..., 0].size
        measured.append(Measured(name, seconds, _naturalness(pictures[name])))
        on_network(len(measured))
    height, width = pictures[measured[0].name].shape[:2]
    pictures["bicubic"] = np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BICUBIC))
    scale = width // part.shape[1]
    rows, columns = (slice(start := max(0, side - SHOWN * scale) // 2, side - start) for side in (height, width))
    cuts = {name: Image.fromarray(image[rows, columns]) for name, image in pictures.items()}
    versions = {name: Version(name, "", images.add(encoded(cut, "PNG"), "image/png")) for name, cut in cuts.items()}
    size = cuts["bicubic"].size
    crops = ViewedImage(key, path.name, size, versions, (size[0] // 2, size[1] // 2))
    command = shlex.join(["srgan", "upscale", str(path), f"{path.stem}_x{scale}.png", "--model", choice.model])
    return Compared(header, choice, measured, crops, command)


def textured_part(srgb: np.ndarray) -> np.ndarray:
    """Cut the :data:`AREA` around the place with most fine detail, or all of an h×w×3 uint8 image that is smaller."""
    top, left = (max(0, length - SEARCHED) // 2 for length in srgb.shape[:2])
    middle = Image.fromarray(srgb[top : top + SEARCHED, left : left + SEARCHED])
    coarse = middle.resize((max(1, middle.width // 2), max(1, middle.height // 2)), Image.Resampling.BICUBIC)
    across, down = textured_place(middle, coarse)
    rows, columns = (
        slice(start := min(max(0, place - AREA // 2), max(0, length - AREA)), start + AREA)
        for place, length in zip((down + top, across + left), srgb.shape[:2], strict=True)
    )
    return srgb[rows, columns]


def _naturalness(image: np.ndarray) -> float | None:
    with suppress(MetricUnavailable):
        return niqe(image)
    return None
