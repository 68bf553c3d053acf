"""A long computation as it goes on: a bar with the time left; of a training also loss curves and a sample patch."""

from __future__ import annotations

import base64
import html
import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from srgan_lib.interactive.throttle import Throttle

BAR_SHARE, PICTURE_SHARE = 0.003, 0.007  #: of the time; together at most one hundredth
DRAWING = 0.3  #: seconds that drawing the curves is expected to take, until it has been measured


class Watch:
    """A callback ``(step, total, row)`` for a computation that somebody watches in a notebook.

    Bar and pictures are redrawn in place, so seldom that they take at most one hundredth of the time.

    Parameters
    ----------
    label : what is computed.
    directory : of the stage, in which a training keeps ``loss_curve.csv`` and ``sample.png``.
    clock, effort : give the time, and the time that this thread has worked, in seconds.
    """

    def __init__(
        self,
        label: str,
        directory: Path,
        clock: Callable[[], float] = time.perf_counter,
        effort: Callable[[], float] = time.thread_time,
    ) -> None:
        self.label, self.directory = label, directory
        self._clock = clock
        self._bar = _Slot()
        self._pictures = _Slot()
        self._bar_time = Throttle(BAR_SHARE, clock=clock, effort=effort)
        self._picture_time = Throttle(PICTURE_SHARE, expected=DRAWING, clock=clock, effort=effort)
        self._rows: list[Mapping[str, float]] = []
        self._began: tuple[int, float] | None = None

    @property
    def spent(self) -> float:
        """Seconds that showing has taken so far."""
        return self._bar_time.spent + self._picture_time.spent

    def __call__(self, step: int, total: int, row: Mapping[str, float] | None = None) -> None:
        """Show that ``step`` of ``total`` is done; ``row`` is a new row of the loss curve."""
        if self._began is None:
            self._began = step, self._clock()
            self._rows = self._earlier_rows(step)
            self._bar.show(self._progress(step, total))
        if row:
            self._rows.append(row)
        if step >= total:
            self._bar.show(self._progress(step, total))
            return
        self._bar_time.run(lambda: self._bar.show(self._progress(step, total)))
        if row:
            self._picture_time.run(lambda: self._pictures.show(self._drawing(step)))

    def _progress(self, step: int, total: int) -> str:
        assert self._began is not None  # by __call__
        first, began = self._began
        seconds = self._clock() - began
        if step >= total:
            text = f"done in {_duration(seconds)}"
        elif step > first:
            text = f"{_duration(seconds / (step - first) * (total - step))} left"
        else:
            text = ""
        loss = f", loss {self._rows[-1]['loss']:.4g}" if self._rows and "loss" in self._rows[-1] else ""
        bar = f'<progress value="{step}" max="{total}" style="width: 20em" aria-label="{html.escape(self.label)}">'
        return f"{html.escape(self.label)}: {bar}</progress> {step} of {total}{loss}. {text}"

    def _earlier_rows(self, step: int) -> list[Mapping[str, float]]:
        """The loss curve of a training that goes on, up to where it goes on."""
        import pandas

        try:
            rows = pandas.read_csv(self.directory / "loss_curve.csv").to_dict("records")
        except (FileNotFoundError, pandas.errors.EmptyDataError):  # nothing has been logged yet
            return []
        return [{str(name): value for name, value in row.items()} for row in rows if row["step"] < step]

    def _drawing(self, step: int) -> str:
        import pandas

        from srgan_lib.training.figures import loss_curves

        buffer = io.BytesIO()
        loss_curves(pandas.DataFrame(self._rows)).savefig(buffer, format="png", dpi=80)
        shown = _image(buffer.getvalue(), f"Loss by step, up to step {step}", "max-width: 60%")
        sample = self.directory / "sample.png"
        if sample.exists():
            style = "width: 256px; image-rendering: pixelated; vertical-align: top"
            shown += _image(
                sample.read_bytes(), "The middle of the first validation image, last time it was judged", style
            )
        return shown


class _Slot:
    """A place in the notebook whose content can be replaced."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, content: str) -> None:
        from IPython.display import HTML, display

        if self._handle is None:
            self._handle = display(HTML(content), display_id=True)
        else:
            self._handle.update(HTML(content))


def _image(png: bytes, alt: str, style: str) -> str:
    return (
        f'<img alt="{alt}" title="{alt}" style="{style}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
