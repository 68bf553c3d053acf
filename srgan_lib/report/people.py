"""The chapter "What people say", where a run has answers of people."""

from __future__ import annotations

from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from srgan_lib import markup
from srgan_lib.markup import Exhibit
from srgan_lib.opinion.exhibits import exhibits, findings
from srgan_lib.opinion.results import read_results
from srgan_lib.report.images import Images
from srgan_lib.report.postprocess import Chapter

PEOPLE = Chapter("people", "From the answers in opinion/")


def people_chapter(run_dir: Path, scale: int, images: Images) -> str:
    """Write the chapter as HTML, its images by their names in ``images``; empty without answers."""
    results = read_results(run_dir)
    if results is None:
        return ""
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in findings(results))
    shown = "".join(_shown(exhibit) for exhibit in exhibits(results, scale))
    return images.take_from(f'<h2 id="{PEOPLE.anchor}">What people say</h2>{paragraphs}{shown}')


def _shown(exhibit: Exhibit) -> str:
    if isinstance(exhibit.content, Figure):
        kind, body = "fig", markup.chart(exhibit.content)
    else:
        kind, body = "tab", markup.table(exhibit.content, exhibit.name, **exhibit.options)
    return markup.captioned(f"{kind}-{exhibit.name}", body, exhibit.caption, source=exhibit.source)
