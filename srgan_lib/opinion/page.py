"""Write ``opinion.html``: the whole study in one file, which asks no other host for anything."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srgan_lib.opinion.design import plan
from srgan_lib.opinion.errors import OpinionError
from srgan_lib.opinion.ratings import SCALE
from srgan_lib.opinion.stimuli import encode
from srgan_lib.opinion.study import Study

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
    """Compose the page.

    Parameters
    ----------
    images : H×W×3 uint8 by code.
    examples : pairs of the worst and the best version of a photograph.

    Raises
    ------
    OpinionError
        If it would be larger than :data:`LARGEST`.
    """
    codes = sorted(images)  # by code, so that their order tells nothing
    place = {code: index for index, code in enumerate(codes)}
    plans = [
        [[place[code] for code in trial] for trial in plan(study, rater)] for rater in range(1, study.design.raters + 1)
    ]
    content = {
        "id": study.id,
        "kind": study.design.kind,
        "question": QUESTIONS[question(study)],
        "scale": SCALE,
        "codes": codes,
        "sizes": [[images[code].shape[1], images[code].shape[0]] for code in codes],
        "plans": plans,
        "examples": [[_uri(worst), _uri(best), best.shape[1], best.shape[0]] for worst, best in examples],
    }
    files = "\n".join(
        f'<script type="text/plain" id="image-{place[code]}">{base64.b64encode(encode(images[code])).decode()}</script>'
        for code in codes
    )
    page = (TEMPLATE / "opinion.html").read_text(encoding="utf-8")
    parts = {
        "QUESTION": html.escape(QUESTIONS[question(study)]),
        "STYLE": (TEMPLATE / "opinion.css").read_text(encoding="utf-8"),
        "STUDY": json.dumps(content, separators=(",", ":")).replace("</", "<\\/"),
        "IMAGES": files,
        "SCRIPT": "\n".join((TEMPLATE / name).read_text(encoding="utf-8") for name in ("sha256.js", "opinion.js")),
    }
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text)
    if len(page) > LARGEST:
        raise OpinionError(
            f"the page would have {len(page) / 1e6:.0f} MB, and mail servers refuse more than {LARGEST / 1e6:.0f}; show "
            "fewer images (--images), smaller ones (--size) or fewer methods (--methods)"
        )
    return page


def question(study: Study) -> str:
    """Name what is asked: ``rating``, or the question about pairs."""
    return "rating" if study.design.kind == "rating" else study.design.question


def _uri(pixels: np.ndarray) -> Any:
    return base64.b64encode(encode(pixels)).decode()
