"""Set a composed report on paper: what the screen shows open, and as an appendix of its own what is folded there."""

from __future__ import annotations

import copy
import re
import shutil
import tempfile
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from srgan_report.exhibits.fonts import for_paper
from srgan_report.report.images import Images
from srgan_report.report.page import TEMPLATE, ReportContent, keep_for, page_templates, render

REPORT, APPENDIX = "report.pdf", "report_appendix.pdf"
FOLDED = "details.fold"
IN_APPENDIX = "parameters, hashes, code, and what is only named here"
OPEN = ".references, .glossary"  #: lists that are folded on the screen, and stay with the text that leads to them


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
