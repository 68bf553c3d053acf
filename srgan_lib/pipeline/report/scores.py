"""The figures of a run, from ``metrics.csv`` and ``metrics_summary.csv``, and how each metric is called."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

from srgan_lib.pipeline.report import ReportError


@dataclass(frozen=True)
class Metric:
    """A metric of the results table."""

    name: str
    short: str
    label: str
    unit: str
    higher_is_better: bool
    digits: int

    def text(self, value: float) -> str:
        """A value with the metric's digits and a real minus sign, without its unit."""
        return f"{value:.{self.digits}f}".replace("-", "\N{MINUS SIGN}")


PSNR = Metric("psnr_y", "PSNR", "PSNR\N{NON-BREAKING HYPHEN}Y", "dB", True, 2)
SSIM = Metric("ssim_y", "SSIM", "SSIM\N{NON-BREAKING HYPHEN}Y (Wang)", "", True, 3)
LPIPS = Metric("lpips_alex", "LPIPS", "LPIPS (alex)", "", False, 3)
HEADLINE = (PSNR, SSIM, LPIPS)


class Scores:
    """Per-image figures and their summary; a figure that was not computed is ``None``."""

    def __init__(self, rows: list[dict[str, str]], summary: list[dict[str, str]]) -> None:
        """Take the rows of ``metrics.csv`` and of ``metrics_summary.csv``."""
        self._rows = {(r["dataset"], r["image"], r["method"]): r for r in rows}
        self._summary = {(r["dataset"], r["method"], r["metric"]): r for r in summary}
        self.datasets = list(dict.fromkeys(r["dataset"] for r in rows))
        self.methods = list(dict.fromkeys(r["method"] for r in rows))

    def images(self, dataset: str) -> list[str]:
        """The images of a dataset that were judged."""
        return list(dict.fromkeys(image for name, image, _ in self._rows if name == dataset))

    def one(self, dataset: str, image: str, method: str, metric: Metric) -> float | None:
        """One image's figure."""
        return _number(self._rows.get((dataset, image, method), {}).get(metric.name))

    def summary(self, dataset: str, method: str, metric: Metric, what: str = "mean") -> float | None:
        """A column of the summary: ``mean``, ``difference`` (from bicubic), ``difference_low``, …"""
        return _number(self._summary.get((dataset, method, metric.name), {}).get(what))


def read_scores(directory: Path) -> Scores:
    """Read the two CSVs of a run.

    Raises
    ------
    ReportError
        For a file that is missing or holds no rows.
    """
    return Scores(_rows(directory / "metrics.csv"), _rows(directory / "metrics_summary.csv"))


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise ReportError(f"{path}: missing; 'srgan run' writes it after stage evaluation")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ReportError(f"{path}: no rows; run stage evaluation again")
    return rows


def _number(text: str | None) -> float | None:
    value = float(text) if text else math.nan
    return None if math.isnan(value) else value
