"""What commands show in the terminal: a line per stage with its reason, bars with the time left, tables.

All that they print goes through :func:`say` or :class:`Console`, which escape what the terminal would obey.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich import console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Table

from srgan_lib.formatting import printable
from srgan_lib.log import LIBRARY, Listener

if TYPE_CHECKING:
    import pandas

    from srgan_report.pipeline.fetching import Missing

WORDS = {"run": "[bold]computing[/]", "reuse": "reusing  ", "skip": "skipped  "}


def say(*lines: object, err: bool = False, newline: bool = True, **style: Any) -> None:
    """Print lines for the user, of which none can become two; ``style`` is that of ``click.style``."""
    click.secho("\n".join(map(printable, lines)), err=err, nl=newline, **style)


class Console(console.Console):
    """Rich's console, in which texts cannot command the terminal; rich's own colours and movements can."""

    def render(
        self, renderable: console.RenderableType, options: console.ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as rich does, with what a terminal would obey escaped."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text, keep="\n"))


class Terminal:
    """A listener for :func:`srgan_report.pipeline.execution.execute`; a context manager while bars are shown."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        times = ("elapsed", TimeElapsedColumn(), "left", TimeRemainingColumn())
        self.progress = Progress(
            "{task.description}", BarColumn(), MofNCompleteColumn(), *times, console=self.console, transient=True
        )
        self.task: TaskID | None = None
        self.title = ""  # of the stage that is computed
        # What the library logs is shown, each text once, in place of what an earlier terminal showed.
        LIBRARY.setLevel(logging.INFO)
        LIBRARY.handlers = [Listener(lambda text: self.note(*text.split("\n")), logging.INFO)]

    def __enter__(self) -> Terminal:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def note(self, *lines: str) -> None:
        """Print lines for the user, as :func:`say` does, above the bars."""
        self.console.print(escape("\n".join(map(printable, lines))), soft_wrap=True)

    def missing(self, missing: Iterable[Missing]) -> None:
        """Show what is to be downloaded, or provided by the user, before anything is computed."""
        for one in missing:
            self.note(f"{'To download' if one.downloadable else 'To provide'}: {one}")

    def on_event(self, event: str, details: Mapping[str, Any]) -> None:
        """Show one event of the runner."""
        if event == "planned":
            self.console.print(
                f"{details['title']:<20} {WORDS[details['action']]} {escape(details['reason'])}", soft_wrap=True
            )
        elif event == "started":
            self._clear()
            self.title = details["title"]
            self.task = self.progress.add_task(self.title, total=None)
        elif event == "progress" and self.task is not None:
            description = f"{self.title}: {details['label']}"
            self.progress.update(self.task, description=description, completed=details["step"], total=details["total"])
        elif event == "finished":
            self._clear()
            self.console.print(f"{details['title']:<20} [green]done[/] in {details['seconds']:.1f} s")

    def counter(self, label: str) -> Callable[[int, int], None]:
        """Return a callback ``(done, total)`` that moves a bar."""
        task = self.progress.add_task(escape(printable(label)), total=None)
        return lambda done, total: self.progress.update(task, completed=done, total=total)

    def meter(self, label: str) -> Callable[[int, float, float], None]:
        """Make a callback ``(images, megapixels, megapixels in all)`` that shows both by the second, and the time left.

        Where the output is no terminal, as in the log of a night, it prints a line a minute.
        """
        task = self.progress.add_task(escape(label), total=None)
        began = told = time.monotonic()

        def update(images: int, megapixels: float, total: float) -> None:
            nonlocal told
            seconds = max(time.monotonic() - began, 1e-3)
            text = f"{images:,} images, {images / seconds:.2f} a second, {megapixels / seconds:.3f} megapixels a second"
            self.progress.update(task, description=escape(text), completed=round(megapixels, 3), total=round(total, 3))
            if not self.console.is_terminal and time.monotonic() - told >= 60 and megapixels:
                told = time.monotonic()
                left = seconds * (total / megapixels - 1)
                self.note(f"{text}, {left / 60:.0f} min left")

        return update

    def frame(self, frame: pandas.DataFrame) -> None:
        """Print a table of scores, with the mean of each numeric column below."""
        table = Table(*frame.columns)
        means = {frame.columns[0]: "mean", **frame.mean(numeric_only=True)}
        for row in frame.to_dict("records"):
            table.add_row(*map(_cell, row.values()))
        table.add_section()
        table.add_row(*(_cell(means.get(name, "")) for name in frame))
        self.console.print(table)

    def _clear(self) -> None:
        if self.task is not None:
            self.progress.remove_task(self.task)
            self.task = None


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else escape(printable(value))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table of texts, as wide as the terminal; in a pipe wide enough to search."""
    table = Table(*headings)
    for row in rows:
        table.add_row(*map(_cell, row))
    Console(width=None if sys.stdout.isatty() else 180).print(table)
