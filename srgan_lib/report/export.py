"""Export a merged notebook's cells as HTML by nbconvert: headings with ids, formulas marked, code folded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from mistune.util import striptags
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets.config import Config

from srgan_lib.layout import STAGES
from srgan_lib.report.crops import anchor
from srgan_lib.report.mathematics import placeholder

TEMPLATE = Path(__file__).with_name("template")


def export(book: NotebookNode) -> str:
    """Export the cells of a notebook in which each cell knows its chapter (``metadata.stage``)."""
    exporter = _Exporter(
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    html, _ = exporter.from_notebook_node(book)
    return html


class _Exporter(HTMLExporter):
    """nbconvert's exporter, with formulas marked for MathML instead of left to a script from elsewhere."""

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
