"""Bind executed notebooks into one, ready to be exported once."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from srgan_lib.report.crops import anchor
from srgan_lib.report.images import SUFFIXES, Images
from srgan_lib.report.load_run import FinishedRun

HIDDEN = {"remove-cell", "colab"}  # tags of cells that are no part of the report
FOLD = "fold"  # tag of a code cell whose outputs are folded under its first line, a comment
HEADING = re.compile(r"^#(?=#+ )", re.MULTILINE)


def merge_notebooks(run: FinishedRun, images: Images) -> NotebookNode:
    """Bind a run's notebooks into one: a chapter for each."""
    cells = [cell for stage in run.stages for cell in report_cells(stage.notebook, stage.info.name, images)]
    return new_book(run.manifest["title"], cells)


def new_book(title: str, cells: list[NotebookNode]) -> NotebookNode:
    """Make a notebook of cells that know their chapter."""
    return nbformat.v4.new_notebook(cells=cells, metadata={"title": title, "language_info": {"name": "python"}})


def report_cells(notebook: Path, chapter: str, images: Images) -> list[NotebookNode]:
    """Read an executed notebook's cells for a report: cell ids unique, chapter noted, images moved to ``images``.

    Parameters
    ----------
    chapter : kept as ``metadata.stage`` of each cell.
    """
    cells = []
    for number, cell in enumerate(nbformat.read(notebook, as_version=4).cells):
        if HIDDEN & set(cell.metadata.get("tags", [])) or not cell.source.strip():
            continue
        cell.id = f"{chapter}-{number}"
        cell.metadata["stage"] = chapter
        if cell.cell_type == "markdown":
            cell.source = images.take_from(_with_attachments(cell))
        for output in cell.get("outputs", []):
            _as_html(output, images)
        if FOLD in cell.metadata.get("tags", []):
            _fold(cell)
        cells.append(cell)
    return cells


def _fold(cell: NotebookNode) -> None:
    """Join a cell's outputs in one that is folded; on paper it is open."""
    summary = html.escape(cell.source.partition("\n")[0].lstrip("# "))
    body = "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
    if body:
        folded = f'<details class="fold"><summary>{summary}</summary>{body}</details>'
        cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": folded})]


def split_chapters(cells: list[NotebookNode]) -> list[str]:
    """Make each section (``##``) of one notebook a chapter: all headings go up one level, the title's stays.

    Parameters
    ----------
    cells : of one notebook; their ``metadata.stage`` becomes the chapter's anchor. Changed in place.

    Returns
    -------
    The chapters' anchors, in order.
    """
    chapters: list[str] = []
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = HEADING.sub("", cell.source)
            if cell.source.startswith("# "):
                chapters.append(anchor(cell.source.partition("\n")[0]))
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/markdown" in data:
                data["text/markdown"] = HEADING.sub("", data["text/markdown"])
        cell.metadata["stage"] = chapters[-1]
    return chapters


def _with_attachments(cell: NotebookNode) -> str:
    """Return a markdown cell's source with its attached images as data URIs."""
    source = cell.source
    for name, bundle in cell.get("attachments", {}).items():
        for mime, data in bundle.items():
            source = source.replace(f"attachment:{name}", f"data:{mime};base64,{data}")
    return source


def _as_html(output: NotebookNode, images: Images) -> None:
    """Make an output's images part of its HTML, under the names they have in ``images``."""
    data = output.get("data", {})
    if "text/html" in data:
        data["text/html"] = images.take_from(data["text/html"])
        return
    mime = next((mime for mime in SUFFIXES if mime in data), None)
    if mime:
        raw = data[mime].encode() if mime == "image/svg+xml" else base64.b64decode(data[mime])
        alt = html.escape(data.get("text/plain", "figure without description"))
        data["text/html"] = f'<figure class="srgan"><img alt="{alt}" src="{images.add(raw, mime)}"></figure>'
