"""Compose what a report says, once, and render it: as a page for the screen, or plain for paper, set as PDF."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import jinja2
from bs4 import Tag
from markupsafe import Markup
from nbformat import NotebookNode

from srgan_report.report.images import Images, Viewer
from srgan_report.report.notebooks import export
from srgan_report.report.postprocess import Chapter, postprocess

Medium = Literal["screen", "paper"]
TEMPLATE = Path(__file__).with_name("template")
MOST = 1_000_000  #: bytes of a CSV file that the page carries with it; a longer one is named only


@dataclass(frozen=True)
class ReportContent:
    """A composed report.

    Attributes
    ----------
    title, finding, started : what the page's head says; ``started`` is a date, YYYY-MM-DD.
    main : summary, chapters and appendix. An element for one medium has the attribute ``data-only``.
    images : the images, whose names ``main`` and the viewer have.
    viewer : the images to look closer at, if there are any.
    files : the CSV files behind the figures, by path.
    """

    title: str
    finding: str
    started: str
    main: Tag
    images: Images
    viewer: Viewer | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def compose(
    book: NotebookNode,
    chapters: Sequence[Chapter],
    images: Images,
    *,
    summary: str,
    appendix: str,
    finding: str,
    started: str,
    folder: Path,
    viewer: Viewer | None = None,
    gallery: str = "",
) -> ReportContent:
    """Compose a report of a notebook whose cells know their chapter, between a summary and an appendix.

    Parameters
    ----------
    book : with ``metadata.title``; each cell with ``metadata.stage``, the name of its chapter.
    chapters : those that are numbered, in order.
    images : the images, whose names stand in the cells, the summary and the appendix.
    summary, appendix : as HTML.
    finding, started : see :class:`ReportContent`.
    folder : the run's or the sweep's, in which the figures' sources lie.
    viewer : the images to look closer at.
    gallery : of these images, as HTML; stands under the heading of chapter *evaluation*'s images.
    """
    main = postprocess(f"<main>{summary}{export(book)}{appendix}</main>", chapters, images, viewer, gallery)
    return ReportContent(book.metadata.title, finding, started, main, images, viewer, csv_files(main, folder))


class Entry(NamedTuple):
    """An entry of the contents: the heading's id and text, and the entries below it."""

    anchor: str
    text: str
    sections: list[Entry]


def render(content: ReportContent, medium: Medium) -> str:
    """Render a report as one HTML page in which names stand for the images.

    Parameters
    ----------
    medium : ``screen``, or ``paper`` for :func:`render_pdf`. Elements with ``data-only`` of the other are left
        out.
    """
    main = copy.copy(content.main)
    other = "paper" if medium == "screen" else "screen"
    for element in main.select(f"[data-only={other}]"):
        element.decompose()
    if medium == "screen":
        for tex in main.find_all("annotation"):  # what pandoc reads
            tex.decompose()
    if medium == "paper":
        for folded in main.select("details.fold"):
            summary = folded.find("summary")
            if summary and summary.find(["h3", "h4"]):
                summary.unwrap()
            elif summary:
                summary.decompose()
            folded.unwrap()
        for link in main.select("a.term"):
            link.unwrap()
    template = page_templates(TEMPLATE).get_template("page.html.j2")
    return template.render(content=content, medium=medium, main=Markup(str(main)), contents=_contents(main), file=_file)


def page_templates(folder: Path) -> jinja2.Environment:
    """Return the templates of a page's parts that lie in one folder."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def _contents(main: Tag) -> list[Entry]:
    """List the chapters with their sections."""
    chapters: list[Entry] = []
    for heading in main.select("h2[id], h3[id]"):
        level = chapters if heading.name == "h2" else chapters[-1].sections
        level.append(Entry(str(heading["id"]), heading.get_text(" ", strip=True), []))
    return chapters


def _file(name: str) -> Markup:
    """A style sheet or a script of the page, as it is."""
    return Markup((TEMPLATE / name).read_text(encoding="utf-8"))


def render_pdf(html: str, images: Images) -> bytes:
    """Set a page rendered for paper as PDF; the same page gives the same bytes.

    The filter ``pdf.lua`` turns marked parts of the page into calls of the functions in ``pdf.typ``.
    """
    import pypandoc
    import typst

    body = pypandoc.convert_text(
        html,
        "typst",
        format="html",
        extra_args=[f"--lua-filter={TEMPLATE / 'pdf.lua'}", f"--template={TEMPLATE / 'pdf.typ'}", "--wrap=none"],
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images.write(folder, html)
        (folder / "report.typ").write_text(body, encoding="utf-8")
        return typst.compile(folder / "report.typ", root=folder, ignore_system_fonts=True, timestamp=0)


def csv_files(main: Tag, folder: Path) -> dict[str, str]:
    """Read the files that a page carries with it: those that figures and tables name as their source.

    Parameters
    ----------
    main : of a page, whose figures have ``data-source``: paths in the folder, joined by *and*.
    folder : the run's, or the sweep's.

    Returns
    -------
    Their text by path; without those that are missing or longer than :data:`MOST`.
    """
    named = {
        path for figure in main.select("figure[data-source]") for path in str(figure["data-source"]).split(" and ")
    }
    paths = {name: folder / name for name in sorted(named) if name.endswith(".csv")}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in paths.items()
        if path.is_file() and path.stat().st_size <= MOST
    }
