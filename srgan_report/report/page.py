"""Render a composed report as a page: for the screen, or plain for paper."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import jinja2
from bs4 import Tag
from markupsafe import Markup

from srgan_report.report.images import Images
from srgan_report.report.viewer import Viewer

Medium = Literal["screen", "paper"]
TEMPLATE = Path(__file__).with_name("template")
UNLISTED = {"Try this"}  #: headings of most chapters, which the contents leave out
MOST = 1_000_000  #: bytes of a CSV file that the page carries with it; a longer one is named only


@dataclass(frozen=True)
class ReportContent:
    """A composed report."""

    title: str
    finding: str
    started: str  # a date, YYYY-MM-DD
    main: Tag  # summary, chapters and appendix; an element for one medium has the attribute ``data-only``
    images: Images  # whose names ``main`` and the viewer have
    folder: Path  # the run's or the sweep's, in which the figures' sources lie
    viewer: Viewer | None = None  # the images to look closer at, if there are any

    @cached_property
    def files(self) -> dict[str, str]:
        """The text of the CSV files that figures name as their source, by path; without those missing or too long."""
        figures = self.main.select("figure[data-source]")
        named = {path for figure in figures for path in str(figure["data-source"]).split(" and ")}
        paths = {name: self.folder / name for name in sorted(named) if name.endswith(".csv")}
        return {
            name: path.read_text(encoding="utf-8")
            for name, path in paths.items()
            if path.is_file() and path.stat().st_size <= MOST
        }


def render(content: ReportContent, medium: Medium, main: Tag) -> str:
    """Render a report's main part for a medium as HTML in which names stand for the images."""
    template = page_templates(TEMPLATE).get_template("page.html.j2")
    return template.render(content=content, medium=medium, main=Markup(str(main)), contents=_contents(main), file=_file)


def screen_page(content: ReportContent) -> str:
    """Render a report for the screen, as HTML in which names stand for the images."""
    main = copy.copy(content.main)
    keep_for(main, "screen")
    for tex in main.find_all("annotation"):  # what pandoc reads
        tex.decompose()
    return render(content, "screen", main)


def keep_for(main: Tag, medium: Literal["screen", "paper"]) -> None:
    """Drop what is for the other medium only."""
    for element in main.select(f"[data-only={'paper' if medium == 'screen' else 'screen'}]"):
        element.decompose()


def page_templates(folder: Path) -> jinja2.Environment:
    """Return the templates of a page's parts that lie in one folder."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def _contents(main: Tag) -> list[dict[str, Any]]:
    """List the chapters with their sections, except those that chapters have alike."""
    chapters: list[dict[str, Any]] = []
    for heading in main.select("h2[id], h3[id]"):
        level = chapters if heading.name == "h2" else chapters[-1]["sections"]
        if (text := heading.get_text(" ", strip=True)) not in UNLISTED:
            level.append({"anchor": heading["id"], "text": text, "sections": []})
    return chapters


def _file(name: str) -> Markup:
    """A style sheet or a script of the page, as it is."""
    return Markup((TEMPLATE / name).read_text(encoding="utf-8"))
