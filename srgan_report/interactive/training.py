"""A long computation as it goes on: a bar with the time left; of a training also loss curves and a sample patch."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

import pandas
from IPython.display import HTML, display

from srgan_lib.formatting import duration
from srgan_report.exhibits.markup import data_uri
from srgan_report.exhibits.training import loss_curves

#: Seconds from one drawing to the next; one takes some 2 ms and 0.3 s, so that both take a hundredth of the time.
BAR_EVERY, PICTURES_EVERY = 1.0, 30.0


class Watch:
    """A callback ``(step, total, row)`` for a computation that somebody watches in a notebook.

    Bar and pictures are redrawn in place, at most every :data:`BAR_EVERY` and :data:`PICTURES_EVERY` seconds. A
    training keeps ``loss_curve.csv`` and ``sample.png``, which are drawn, in the stage's directory.
    """

    def __init__(self, label: str, directory: Path) -> None:
        self.label, self.directory = label, directory
        self._handles: dict[str, Any] = {}
        self._drawn: dict[str, float] = dict.fromkeys(("bar", "pictures"), monotonic())
        self._rows: list[Mapping[Any, Any]] = []
        self._began: tuple[int, float] | None = None

    def __call__(self, step: int, total: int, row: Mapping[str, float] | None = None) -> None:
        """Show that ``step`` of ``total`` is done; ``row`` is a new row of the loss curve."""
        if self._began is None:
            self._began = step, monotonic()
            self._rows = self._earlier_rows(step)
            self._show("bar", self._progress(step, total))
        if row:
            self._rows.append(row)
        now = monotonic()
        if step >= total or now - self._drawn["bar"] >= BAR_EVERY:
            self._show("bar", self._progress(step, total))
        if row and step < total and now - self._drawn["pictures"] >= PICTURES_EVERY:
            self._show("pictures", self._drawing(step))

    def _progress(self, step: int, total: int) -> str:
        assert self._began is not None  # by __call__
        first, began = self._began
        seconds = monotonic() - began
        if step >= total:
            text = f"done in {duration(seconds)}"
        elif step > first:
            text = f"{duration(seconds / (step - first) * (total - step))} left"
        else:
            text = ""
        loss = f", loss {self._rows[-1]['loss']:.4g}" if self._rows and "loss" in self._rows[-1] else ""
        bar = f'<progress value="{step}" max="{total}" style="width: 20em" aria-label="{html.escape(self.label)}">'
        return f"{html.escape(self.label)}: {bar}</progress> {step} of {total}{loss}. {text}"

    def _earlier_rows(self, step: int) -> list[Mapping[Any, Any]]:
        """Read the loss curve of a resumed training up to where it resumes."""
        try:
            rows = pandas.read_csv(self.directory / "loss_curve.csv")
        except (FileNotFoundError, pandas.errors.EmptyDataError):  # nothing has been logged yet
            return []
        return [*rows[rows.step < step].to_dict("records")]

    def _drawing(self, step: int) -> str:
        buffer = io.BytesIO()
        loss_curves(pandas.DataFrame(self._rows)).savefig(buffer, format="png", dpi=80)
        shown = _image(buffer.getvalue(), f"Loss by step, up to step {step}", "max-width: 60%")
        sample = self.directory / "sample.png"
        if sample.exists():
            alt = "The middle of the first validation image, last time it was judged"
            shown += _image(sample.read_bytes(), alt, "width: 256px; image-rendering: pixelated; vertical-align: top")
        return shown

    def _show(self, name: str, content: str) -> None:
        """Show something in the notebook in place of what was there under its name."""
        if name in self._handles:
            self._handles[name].update(HTML(content))
        else:
            self._handles[name] = display(HTML(content), display_id=True)
        self._drawn[name] = monotonic()


def _image(png: bytes, alt: str, style: str) -> str:
    return f'<img alt="{alt}" title="{alt}" style="{style}" src="{data_uri(png, "image/png")}">'
