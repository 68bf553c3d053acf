"""The files of an evaluation."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from srgan_lib.evaluation.evaluator import EvaluationResult
from srgan_lib.evaluation.samples import write_crops
from srgan_lib.evaluation.tables import as_text
from srgan_lib.files import write_atomic


def write_results(result: EvaluationResult, summary: pd.DataFrame, directory: Path) -> None:
    """Write scores (``metrics.csv``, ``repeats.csv``, ``metrics_summary.csv``, ``metrics.txt``), ``spectra.csv`` and the viewer's crops.

    Parameters
    ----------
    result, summary : of :func:`~srgan_lib.evaluation.evaluator.evaluate` and
        :func:`~srgan_lib.evaluation.statistics.summarise`.
    directory : the evaluation stage's folder.
    """
    result.metrics.to_csv(directory / "metrics.csv", index=False)
    if result.repeats is not None:
        result.repeats.to_csv(directory / "repeats.csv", index=False)
    summary.to_csv(directory / "metrics_summary.csv", index=False)
    write_atomic(directory / "metrics.txt", as_text(summary))
    result.spectra.to_csv(directory / "spectra.csv", index=False)
    write_crops(result.samples + result.typical, directory / "viewer")
