"""Set a composed report on paper: what the screen shows open, and as an appendix of its own what is folded there.

One sheet of parts of all images by all methods stands for the many figures of single images.
"""

from __future__ import annotations

import copy
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
from bs4 import BeautifulSoup, Tag
from PIL import Image

from srgan_lib.data.images import read_image
from srgan_lib.evaluation.samples import Sample
from srgan_lib.methods import NOT_PICTURED, method_styles
from srgan_report.exhibits.fonts import for_paper
from srgan_report.exhibits.grids import most_different
from srgan_report.exhibits.markup import encoded
from srgan_report.report.images import Images
from srgan_report.report.load_run import FinishedRun, ImageFiles
from srgan_report.report.page import TEMPLATE, ReportContent, keep_for, page_templates, render

REPORT, APPENDIX = "report.pdf", "report_appendix.pdf"
FOLDED = "details.fold"
IN_APPENDIX = "parameters, hashes, code, and what is only named here"
OPEN = ".references, .glossary"  #: lists that are folded on the screen, and stay with the text that leads to them
#: By how the figures of single images begin, what of each image they show.
PARTS = {
    "fig-patch": "those in which the methods differ most, by the standard deviation of their luminance",
    "fig-patch_middle": "its middle, in whose place no method has any part",
}
DRAWN = 256  #: pixels of a part's side as it is drawn, about 300 an inch


def paper_pages(content: ReportContent) -> dict[str, str]:
    """Render a report for :func:`typeset`, by the names of the files; there is no appendix where nothing is folded."""
    text = copy.copy(content.main)
    keep_for(text, "paper")
    for link in text.select("a.term"):
        link.unwrap()
    front = page_templates(TEMPLATE).get_template("appendix_front.html.j2").render(content=content, report=REPORT)
    appendix = BeautifulSoup(front, "html.parser").select("main")[0]
    moved = _move_folded(text, appendix)
    if moved and (contents := text.select_one("[data-paper=contents]")):
        contents.insert_after(_marked("byline", f"The appendix is {APPENDIX}: {IN_APPENDIX}."))
    parts = {REPORT: text, APPENDIX: appendix} if moved else {REPORT: text}
    for part in parts.values():
        _unlink(part)
    return {name: render(content, "paper", part) for name, part in parts.items()}


def _move_folded(text: Tag, appendix: Tag) -> int:
    """Move what is folded to the appendix, under copies of its headings, and count it; a line that names it stays."""
    above: dict[str, Tag] = {}  # by level, the headings that lead here and are not in the appendix yet
    moved, line = 0, None
    for element in [one for one in text.select(f"h2, h3, {FOLDED}") if one.find_parent("details") is None]:
        if element.name in ("h2", "h3"):
            above = {level: one for level, one in above.items() if level < element.name} | {element.name: element}
        elif all(one.name == "summary" for one in element.find_all(True, recursive=False)):
            element.decompose()  # what it held is for the screen only
        elif kept := element.select_one(OPEN):
            kept.wrap(_marked("small"))
            _unfold(element)
        else:
            summary = element.select("summary")[0]
            own = summary.find("h3") is not None
            appendix.extend(copy.copy(one) for level, one in above.items() if level == "h2" or not own)
            above, moved = {}, moved + 1
            name, before = (
                summary.get_text(" ", strip=True).rstrip("."),
                element.find_previous(string=re.compile(r"\S")),
            )
            if line and before and before.parent is line:
                line.string = f"{line.string} · {name}"
            else:
                line = _marked("elsewhere", name)
                element.insert_before(line)
            appendix.append(element)
            _unfold(element)
    return moved


def _marked(name: str, text: str = "") -> Tag:
    """A part of the page that ``pdf.typ`` sets by its function of this name."""
    return BeautifulSoup().new_tag("div", attrs={"data-paper": name}, string=text)


def _unlink(part: Tag) -> None:
    """Links to the other file become text."""
    inside = {f"#{element['id']}" for element in part.find_all(id=True)}
    for link in part.select('a[href^="#"]'):
        if link["href"] not in inside:
            link.unwrap()


def _unfold(box: Tag) -> None:
    """Leave of a folded box, and of those in it, the content, with the heading in the summary if there is one."""
    for folded in [*box.select(FOLDED), box]:
        if summary := folded.find("summary", recursive=False):
            summary.unwrap() if summary.find(["h3", "h4"]) else summary.decompose()
        folded.unwrap()


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


def typeset(html: str, images: Images) -> bytes:
    """Set a page rendered for paper as PDF; the same page gives the same bytes."""
    import typst

    html, fonts = for_paper(html)
    with tempfile.TemporaryDirectory() as name:
        for number, font in enumerate(fonts):
            shutil.copy(font, Path(name) / f"{number}{font.suffix}")
        folder = Path(name)
        source = write_source(html, images, folder)
        return typst.compile(source, root=folder, font_paths=[folder], ignore_system_fonts=True, timestamp=0)


def write_source(html: str, images: Images, folder: Path) -> Path:
    """Write a page rendered for paper as a Typst file, and its images beside it.

    The filter ``pdf.lua`` turns marked parts of the page into calls of the functions in ``pdf.typ``.
    """
    import pypandoc

    options = [f"--lua-filter={TEMPLATE / 'pdf.lua'}", f"--template={TEMPLATE / 'pdf.typ'}", "--wrap=none"]
    page = images.write_for_paper(folder, html)
    body = pypandoc.convert_text(page, "typst", format="html", extra_args=options)
    (folder / "report.typ").write_text(body, encoding="utf-8")
    return folder / "report.typ"
