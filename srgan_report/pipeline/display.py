"""Show figures, tables, listings and computed prose in a notebook, with captions, and keep them as files."""

from __future__ import annotations

import html
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from IPython import display
from matplotlib.figure import Figure

from srgan_lib.files import write_atomic
from srgan_report.exhibits import markup
from srgan_report.exhibits.markup import Exhibit


class Display:
    """What a notebook shows, in the form that the report numbers and lays out.

    ``name``, of the stage or of whatever else the notebook makes, tells the report the chapter; ``source_prefix`` leads
    from the report's folder to the files that figures are drawn from.
    """

    def __init__(self, name: str, directory: Path, source_prefix: str) -> None:
        self.name = name
        self._directory = directory
        self._source_prefix = source_prefix

    @property
    def directory(self) -> Path:
        """The folder that receives ``figures/`` and the computed prose."""
        return self._directory

    def figure(
        self, figure: Figure, name: str, caption: str, alt: str = "", source: str = "", vector: bool = True
    ) -> None:
        """Show a figure with its caption and save it as ``figures/<name>.png``, a ``vector`` chart as ``.svg``, too.

        The caption says what to look for, and may hold inline HTML; ``alt`` is for those who cannot see the figure
        (default: its own description); ``source`` is the file of this stage with what is drawn.
        """
        alt = alt or str(figure.get_label()) or caption
        folder = self.directory / "figures"
        png = markup.render(figure, "png")
        write_atomic(folder / f"{name}.png", png)
        shown, kind = png, "image/png"
        if vector:
            shown, kind = markup.render(figure, "svg"), "image/svg+xml"
            write_atomic(folder / f"{name}.svg", shown)
        image = markup.image(figure, shown, kind, alt)
        self._show("fig", name, image, caption, source, f"[figure: {alt}]")

    def table(
        self,
        frame: pd.DataFrame,
        name: str,
        caption: str,
        best: Mapping[str, float | None] | None = None,
        source: str = "",
        formats: Mapping[str, str] | None = None,
    ) -> None:
        """Show the rows of a table, without its index, with their caption; nothing where there are no rows.

        By column, ``best`` is the value to mark, and ``formats`` says how to write values, e.g. ``{"psnr_y": ".2f"}``.
        """
        if not frame.empty:
            shown = markup.table(frame, name, best, formats)
            self._show("tab", name, shown, caption, source, frame.to_string(index=False))

    def show(self, exhibit: Exhibit) -> None:
        """Show a figure or table that comes with its name and caption."""
        shown = {"name": exhibit.name, "caption": exhibit.caption, "source": exhibit.source, **exhibit.options}
        if isinstance(exhibit.content, Figure):
            self.figure(exhibit.content, **shown)
        else:
            self.table(exhibit.content, **shown)

    def text(self, paragraphs: Sequence[str], name: str) -> None:
        """Show computed prose and save it as ``<name>.txt``."""
        write_atomic(self.directory / f"{name}.txt", "\n\n".join(paragraphs) + "\n")
        body = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
        shown = f'<div class="srgan-text" id="txt-{name}" data-stage="{self.name}">{body}</div>'
        display.display({"text/html": shown, "text/plain": "\n\n".join(paragraphs)}, raw=True)

    def markdown(self, text: str) -> None:
        """Show computed prose that holds formulas, between ``$`` signs."""
        display.display(display.Markdown(text))

    def source(self, thing: Callable[..., Any], name: str, caption: str) -> None:
        """Show the source of a function or method, as the library has it, with a caption."""
        code = textwrap.dedent(inspect.getsource(thing))
        self._show("src", name, markup.listing(code), caption, "", code)

    def _show(self, prefix: str, name: str, body: str, caption: str, source: str, plain: str) -> None:
        origin = f"{self._source_prefix}{source}" if source else ""
        shown = markup.captioned(f"{prefix}-{name}", body, caption, stage=self.name, source=origin)
        display.display({"text/html": shown, "text/plain": plain}, raw=True)
