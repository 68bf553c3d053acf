"""Five executed notebooks bound into one, ready to be exported once."""

from __future__ import annotations

import base64
import html

import nbformat
from nbformat import NotebookNode

from srgan_lib.report.images import SUFFIXES, Images
from srgan_lib.report.load_run import Run

HIDDEN = {"remove-cell", "colab"}  # tags of cells that are no part of the report


def merge_notebooks(run: Run, images: Images) -> NotebookNode:
    """One notebook of all chapters: cell ids unique, each cell knowing its stage, images moved to ``images``."""
    book = nbformat.v4.new_notebook(metadata={"title": run.manifest["title"], "language_info": {"name": "python"}})
    for stage in run.stages:
        for number, cell in enumerate(nbformat.read(stage.notebook, as_version=4).cells):
            if HIDDEN & set(cell.metadata.get("tags", [])) or not cell.source.strip():
                continue
            cell.id = f"{stage.info.name}-{number}"
            cell.metadata["stage"] = stage.info.name
            if cell.cell_type == "markdown":
                cell.source = images.take_from(_with_attachments(cell))
            for output in cell.get("outputs", []):
                _as_html(output, images)
            book.cells.append(cell)
    return book


def _with_attachments(cell: NotebookNode) -> str:
    """A markdown cell's source with the images that were dropped into it in Jupyter as data URIs."""
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
