"""Render a composed report as a page: for the screen with style, contents and viewer, or plain, for paper."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Literal, NamedTuple

import jinja2
from bs4 import Tag
from markupsafe import Markup

from srgan_lib.report.content import ReportContent

Medium = Literal["screen", "paper"]
TEMPLATE = Path(__file__).with_name("template")


class Entry(NamedTuple):
    """An entry of the contents: the heading's id and text, and the entries below it."""

    anchor: str
    text: str
    sections: list[Entry]


def render(content: ReportContent, medium: Medium) -> str:
    """Render a report as one HTML page in which names stand for the images.

    Parameters
    ----------
    medium : ``screen``, or ``paper`` for :mod:`srgan_lib.report.pdf`. Elements with ``data-only`` of the other are left
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
