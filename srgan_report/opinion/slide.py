"""One slide of a study for who shows it to a class: the question, the images, the votes, and what they say."""

from __future__ import annotations

import html
import io
from pathlib import Path

from PIL import Image

from srgan_lib.methods import method_styles
from srgan_report.exhibits import markup
from srgan_report.opinion.analysis import Analysis
from srgan_report.opinion.exhibits import finding, findings, lines, score_figure
from srgan_report.opinion.page import QUESTIONS, TEMPLATE, Encoded, as_webp, read_page
from srgan_report.opinion.study import PAGE, Study

SIDE = 128  #: pixels of the middle of an image that the slide shows


def slide(run_dir: Path, study: Study, results: Analysis) -> str:
    """Write the slide as one self-contained page that prints on one sheet.

    It shows the image on which the methods are furthest apart, if the study's page is there to take it from; methods
    are in the order of their scores, of too few raters in that of the study.
    """
    simulated = results.summary["simulated"]
    question = QUESTIONS["rating" if results.rating else study.design.question]
    place = int(results.images.spread.fillna(-1).to_numpy().argmax())
    page = read_page(run_dir / PAGE) if (run_dir / PAGE).exists() else None
    strip = []
    if page and page.study == study.id:
        for method, style in method_styles(results.in_order().method).items():
            uri = markup.data_uri(_middle(page.images[study.code(place, method)]), "image/webp")
            label = html.escape(style.label)
            strip.append(f'<figure><img alt="{label}" src="{uri}"><figcaption>{label}</figcaption></figure>')
    parts = {
        "QUESTION": html.escape(question),
        "MARK": '<p class="mark">Simulated: nobody has looked at these images.</p>' if simulated else "",
        "COUNT": str(max(len(strip), 1)),
        "STRIP": "".join(strip),
        "PLACE": f"The middle of {html.escape(study.images[place][1])}." if strip else "",
        "CHART": markup.chart(score_figure(results)),
        "LINES": html.escape(lines(results)),
        "FINDING": html.escape(finding(results)),
        "WHO": html.escape(findings(results)[0]),
    }
    text = (TEMPLATE / "slide.html").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!--{name}-->", part)
    return markup.page_text(text)


def _middle(image: Encoded) -> bytes:
    """Cut the middle out of an image, :data:`SIDE` pixels each way where it has them."""
    left, top = (max(length - SIDE, 0) // 2 for length in (image.width, image.height))
    with Image.open(io.BytesIO(image.webp)) as whole:
        return as_webp(whole.crop((left, top, min(left + SIDE, image.width), min(top + SIDE, image.height))))
