"""Bind executed notebooks into one, as HTML by nbconvert: headings with ids, code folded, formulas as MathML."""

from __future__ import annotations

import base64
import html
import json
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from bs4 import BeautifulSoup
from mistune.util import striptags
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets.config import Config

from srgan_lib.layout import STAGES
from srgan_report.report.images import SUFFIXES, Images
from srgan_report.report.load_run import ReportError

HIDDEN = {"remove-cell", "colab"}  # tags of cells that are no part of the report
FOLD = "fold"  # tag of a code cell whose outputs are folded under its first line, a comment
HEADING = re.compile(r"^#(?=#+ )", re.MULTILINE)
TEMPLATE = Path(__file__).with_name("template")
TEMPLATES = "nbconvert/templates"  #: of nbconvert itself, in a folder share/jupyter
PLACEHOLDER = "tex-formula"  #: the element that holds a formula's TeX until :func:`set_formulas`


def report_cells(notebook: Path, chapter: str, images: Images) -> list[NotebookNode]:
    """Read an executed notebook's cells: ids unique, chapter kept as ``metadata.stage``, images moved to ``images``."""
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
        body = "".join(output.get("data", {}).get("text/html", "") for output in cell.get("outputs", []))
        if body and FOLD in cell.metadata.get("tags", []):  # on paper it is open
            summary = html.escape(cell.source.partition("\n")[0].lstrip("# "))
            folded = f'<details class="fold"><summary>{summary}</summary>{body}</details>'
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": folded})]
        cells.append(cell)
    return cells


def split_chapters(cells: list[NotebookNode]) -> list[str]:
    """Make each section (``##``) of one notebook a chapter: all headings go up one level, the title's stays.

    The cells are changed in place; the chapters' anchors, which are their ``metadata.stage``, are returned in order.
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


def export(cells: list[NotebookNode]) -> str:
    """Export cells that know their chapter (``metadata.stage``) as HTML."""
    book = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    exporter = _Exporter(
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    return exporter.from_notebook_node(book)[0]


class _Exporter(HTMLExporter):
    """nbconvert's exporter, with formulas marked for MathML instead of left to a script from elsewhere."""

    def get_prefix_root_dirs(self) -> list[str]:
        """Look for nbconvert's own templates where it was installed, too: Jupyter looks under few prefixes alone."""
        own = [file for file in metadata.files("nbconvert") or () if file.match(f"{TEMPLATES}/lab/conf.json")]
        roots = [*super().get_prefix_root_dirs(), *(str(Path(str(file.locate())).resolve().parents[3]) for file in own)]
        if not any(Path(root, TEMPLATES, "lab").is_dir() for root in roots):
            raise ReportError("nbconvert's templates are missing; run: pip install --force-reinstall nbconvert")
        return roots

    @property
    def default_config(self) -> Config:
        config = Config(super().default_config)
        # Nothing that needs a script to be drawn; of a progress bar its last state; the page has its own style.
        config.NbConvertBase.display_data_priority = ["text/html", "text/markdown", "text/plain"]
        config.CoalesceStreamsPreprocessor.enabled = True
        config.CSSHTMLHeaderPreprocessor.enabled = False
        return config

    @jinja2.pass_context
    def markdown2html(self, context: jinja2.runtime.Context, source: str) -> str:
        """Convert Markdown to HTML, with the chapter known."""
        renderer = _Renderer(context["cell"].metadata["stage"])
        return MarkdownWithMath(renderer=renderer).render(source)


class _Renderer(IPythonRenderer):
    """Headings one level down with ids, links between notebooks as links between chapters, formulas marked."""

    def __init__(self, stage: str) -> None:
        super().__init__(escape=False)
        self._stage = stage

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        identity = self._stage if level == 1 else anchor(self._stage, striptags(text))
        return f'<h{level + 1} id="{identity}">{text}</h{level + 1}>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        chapter = next((stage for stage, info in STAGES.items() if Path(url).name == f"{info.notebook}.ipynb"), None)
        return super().link(text, f"#{chapter}" if chapter else url, title)

    def block_math(self, body: str) -> str:
        return placeholder(body, display=True)

    def inline_math(self, body: str) -> str:
        return placeholder(body, display=False)

    def latex_environment(self, name: str, body: str) -> str:
        return placeholder(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)


def anchor(*text: str) -> str:
    """Make an HTML id of words."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(text).lower()).strip("-")


def placeholder(tex: str, *, display: bool) -> str:
    """Mark a formula, without its dollars, for :func:`set_formulas`; with ``display`` it has a line of its own."""
    return f'<{PLACEHOLDER} display="{"block" if display else "inline"}">{html.escape(tex.strip())}</{PLACEHOLDER}>'


def set_formulas(page: BeautifulSoup) -> None:
    """Replace the marked formulas by MathML that carries its TeX; TeX that pandoc cannot read is shown as code."""
    import pypandoc

    marked = page.find_all(PLACEHOLDER)
    if not marked:
        return
    blocks = []
    for formula in marked:
        kind = "DisplayMath" if formula["display"] == "block" else "InlineMath"
        blocks.append({"t": "Para", "c": [{"t": "Math", "c": [{"t": kind}, formula.text]}]})
    document = json.dumps({"pandoc-api-version": [1, 23], "meta": {}, "blocks": blocks})
    mathml = pypandoc.convert_text(document, "html", format="json", extra_args=["--mathml", "--wrap=none", "--quiet"])
    converted = BeautifulSoup(mathml, "html.parser")
    for fence in converted.find_all("mo", form=True, string="∥"):
        fence.string = "‖"  # the former is a relation too, with space around it
    for formula, paragraph in zip(marked, converted.find_all("p"), strict=True):
        formula.replace_with(paragraph.math or page.new_tag("code", attrs={"class": "tex"}, string=formula.text))
