"""Write ``opinion.html``, the whole study in one file, which asks no other host for anything; read it in a notebook."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from srgan_report.exhibits.markup import encoded
from srgan_report.opinion.ratings import SCALE
from srgan_report.opinion.study import OpinionError, Study, Trial, plan

TEMPLATE = Path(__file__).with_name("template")
LARGEST = 20e6  #: bytes of the page; mail servers refuse more
QUESTIONS = {
    "rating": "How good is this picture?",
    "photograph": "Which looks more like a photograph?",
    "original": "Which is closer to the original?",
}


def write_page(
    study: Study, images: Mapping[str, np.ndarray], examples: Sequence[tuple[np.ndarray, np.ndarray]]
) -> str:
    """Compose the page; an :class:`OpinionError` says if it would be larger than :data:`LARGEST`.

    Images are H×W×3 uint8 by code; examples are pairs of the worst and the best version of a photograph.
    """
    codes = sorted(images)  # by code, so that their order tells nothing
    place = {code: index for index, code in enumerate(codes)}
    raters = range(1, study.design.raters + 1)
    question = QUESTIONS["rating" if study.design.kind == "rating" else study.design.question]
    content = {
        "id": study.id,
        "kind": study.design.kind,
        "question": question,
        "scale": SCALE,
        "codes": codes,
        "sizes": [[images[code].shape[1], images[code].shape[0]] for code in codes],
        "plans": [[[place[code] for code in trial] for trial in plan(study, rater)] for rater in raters],
        "examples": [[_base64(worst), _base64(best), best.shape[1], best.shape[0]] for worst, best in examples],
    }
    style, *scripts = (_template(name) for name in ("opinion.css", "sha256.js", "opinion.js"))
    parts = {
        "QUESTION": html.escape(question),
        "STYLE": style,
        "STUDY": json.dumps(content, separators=(",", ":")).replace("</", "<\\/"),
        "IMAGES": "\n".join(
            f'<script type="text/plain" id="image-{place[code]}">{_base64(images[code])}</script>' for code in codes
        ),
        "SCRIPT": "\n".join(scripts),
    }
    page = filled("opinion.html", parts)
    if len(page) > LARGEST:
        raise OpinionError(
            f"the page would have {len(page) / 1e6:.0f} MB, and mail servers refuse more than {LARGEST / 1e6:.0f}; "
            "show fewer images (--images), smaller ones (--size) or fewer methods (--methods)"
        )
    return page


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Read a page's template, and put each part in the place of the comment that names it."""
    page = _template(template)
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text)
    return page


def _template(name: str) -> str:
    return (TEMPLATE / name).read_text(encoding="utf-8")


class Encoded(NamedTuple):
    """An image as the page holds it: lossless WebP, and its size in pixels."""

    webp: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Page:
    """What a page shows to whom. It does not tell the methods, so that whoever reads it rates blind."""

    study: str  #: its id
    kind: str  #: ``rating`` or ``pairs``
    question: str  #: that raters are asked
    plans: dict[int, list[Trial]]  #: of each rater, from 1: the codes of the images of each vote
    images: dict[str, Encoded]  #: by code
    examples: list[tuple[Encoded, Encoded]]  #: the worst and the best version of photographs


def read_page(path: Path) -> Page:
    """Read a page of :func:`write_page`; an :class:`OpinionError` says if there is none, or not the whole of it."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(re.findall(r'id="study">(.*?)</script>', text, re.DOTALL)[0])
        files = dict(re.findall(r'id="image-(\d+)">(.*?)</script>', text))
        codes, sizes = content["codes"], content["sizes"]
        return Page(
            content["id"],
            content["kind"],
            content["question"],
            {
                rater: [tuple(codes[place] for place in trial) for trial in trials]
                for rater, trials in enumerate(content["plans"], 1)
            },
            {code: _encoded(files[str(place)], *sizes[place]) for place, code in enumerate(codes)},
            [(_encoded(worst, *size), _encoded(best, *size)) for worst, best, *size in content["examples"]],
        )
    except FileNotFoundError:
        raise OpinionError.at(path, "no such page; 'srgan opinion make' writes one") from None
    except (OSError, ValueError, LookupError, TypeError):
        raise OpinionError.at(path, "no page that 'srgan opinion make' wrote, or not all of it") from None


def as_webp(image: Image.Image) -> bytes:
    """Encode an image as lossless WebP, about two thirds of PNG."""
    return encoded(image, "WEBP", lossless=True, quality=60, method=4, exact=True)


def _base64(pixels: np.ndarray) -> str:
    """Encode H×W×3 uint8 as WebP, and that as text."""
    return base64.b64encode(as_webp(Image.fromarray(pixels))).decode()


def _encoded(data: str, width: int, height: int) -> Encoded:
    return Encoded(base64.b64decode(data), width, height)
