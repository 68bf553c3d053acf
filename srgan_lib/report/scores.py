"""The figures of a run, read from ``metrics.csv`` and ``metrics_summary.csv``."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from srgan_lib.report.errors import ReportError


class Scores:
    """Per-image figures and their summary; a figure that was not computed is ``None``.

    ``heldout`` is the dataset whose other images were trained on.
    """

    def __init__(self, rows: list[dict[str, str]], summary: list[dict[str, str]], heldout: str) -> None:
        self.heldout = heldout
        self._rows = {(r["dataset"], r["image"], r["method"]): r for r in rows}
        self._summary = {(r["dataset"], r["method"], r["metric"]): r for r in summary}
        self.datasets = list(dict.fromkeys(r["dataset"] for r in rows))
        self.methods = list(dict.fromkeys(r["method"] for r in rows))

    def images(self, dataset: str) -> list[str]:
        """The images of a dataset that were judged."""
        return list(dict.fromkeys(image for name, image, _ in self._rows if name == dataset))

    def one(self, dataset: str, image: str, method: str, metric: str) -> float | None:
        """One image's figure."""
        return _number(self._rows.get((dataset, image, method), {}).get(metric))

    def mean(self, dataset: str, method: str, metric: str) -> float | None:
        """The mean over a dataset's images."""
        return _number(self._summary.get((dataset, method, metric), {}).get("mean"))


def read_scores(directory: Path, heldout: str) -> Scores:
    """Read the two CSVs of a run, which was trained on the dataset ``heldout``.

    Raises
    ------
    ReportError
        For a file that is missing or holds no rows.
    """
    return Scores(_rows(directory / "metrics.csv"), _rows(directory / "metrics_summary.csv"), heldout)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise ReportError(f"{path}: missing; 'srgan run' writes it after stage evaluation", path=path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ReportError(f"{path}: no rows; run stage evaluation again", path=path)
    return rows


def _number(text: str | None) -> float | None:
    value = float(text) if text else math.nan
    return None if math.isnan(value) else value
