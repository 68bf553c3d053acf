"""The page: front, chapters and appendix through nbconvert, for the screen or for paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import jinja2
from mistune.util import striptags
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from srgan_lib.layout import STAGES
from srgan_lib.report import appendix, summary
from srgan_lib.report.crops import anchor, make_viewer_crops
from srgan_lib.report.images import Images
from srgan_lib.report.load_run import Run
from srgan_lib.report.mathematics import placeholder
from srgan_lib.report.merge_notebooks import merge_notebooks
from srgan_lib.report.postprocess import Chapter, postprocess

Medium = Literal["screen", "paper"]
TEMPLATE = Path(__file__).with_name("template")


def compose(run: Run, medium: Medium) -> tuple[str, Images]:
    """The report as one HTML page in which names stand for the images, and the images.

    Parameters
    ----------
    medium : ``screen``: with style, contents and viewer; ``paper``: plain, for :mod:`.pdf` to set.
    """
    images = Images()
    book = merge_notebooks(run, images)
    viewer_crops = make_viewer_crops(run, images)
    templates = page_templates(TEMPLATE)
    context = {"run": run, "medium": medium, **summary.context(run, viewer_crops), **appendix.context(run, book)}
    html = export(
        book,
        medium,
        finding=context["finding"],
        started=context["started"],
        summary=templates.get_template("summary.html.j2").render(context),
        appendix=templates.get_template("appendix.html.j2").render(context),
    )
    template = templates.get_template("viewer.html.j2")
    viewer = [(crops, template.render(crops=crops)) for crops in viewer_crops] if medium == "screen" else []
    chapters = [
        Chapter(stage.info.name, f"Notebook {stage.info.notebook}, {stage.manifest['seconds']:.0f} s")
        for stage in run.stages
    ]
    return postprocess(html, chapters, images, viewer), images


def page_templates(folder: Path) -> jinja2.Environment:
    """The templates of a page's parts in one folder."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def export(book: NotebookNode, medium: Medium, **parts: str) -> str:
    """A notebook whose cells know their chapter (``metadata.stage``), as a page in the report's style.

    Parameters
    ----------
    **parts : ``summary`` and ``appendix`` as HTML; ``finding`` and ``started`` (a date) for the page's head.
    """
    exporter = _Exporter(
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    html, _ = exporter.from_notebook_node(book, resources={"medium": medium, **parts})
    return html


class _Exporter(HTMLExporter):
    """nbconvert's exporter, with formulas marked for MathML instead of left to a script from elsewhere."""

    @property
    def default_config(self) -> Any:
        config = super().default_config
        # Nothing that needs a script to be drawn; of a progress bar its last state.
        config.NbConvertBase.display_data_priority = ["text/html", "text/markdown", "text/plain"]
        config.CoalesceStreamsPreprocessor.enabled = True
        return config

    @jinja2.pass_context
    def markdown2html(self, context: jinja2.runtime.Context, source: str) -> str:
        """Markdown to HTML, knowing the chapter."""
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
