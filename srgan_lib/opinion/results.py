"""Read the results of a study back from a run's folder, for whoever shows them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from srgan_lib.files import read_json
from srgan_lib.opinion.errors import OpinionError
from srgan_lib.opinion.make import fingerprint
from srgan_lib.opinion.study import FOLDER, PAGE, find_study

SUMMARY = f"{FOLDER}/opinion_summary.json"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyResults:
    """The tables of :class:`~srgan_lib.opinion.analysis.Analysis` as they lie in ``opinion/``.

    Attributes
    ----------
    current : whether the images that were rated are those that the run has now.
    """

    scores: pd.DataFrame
    differences: pd.DataFrame
    raters: pd.DataFrame
    images: pd.DataFrame
    metrics: pd.DataFrame
    votes: pd.DataFrame
    summary: dict[str, Any]
    current: bool

    @property
    def rating(self) -> bool:
        """Whether raters gave grades rather than preferences."""
        return self.summary["kind"] == "rating"


def read_results(run_dir: Path) -> StudyResults | None:
    """Read what was collected; None where nothing was. Simulated scores are never read."""
    summary = read_json(run_dir / SUMMARY)
    if summary is None or summary["simulated"]:
        return None
    tables = {
        name: pd.read_csv(run_dir / FOLDER / f"opinion_{name}.csv", dtype={"rater": str}, keep_default_na=True)
        for name in ("scores", "differences", "raters", "images", "metrics", "votes")
    }
    return StudyResults(**tables, summary=summary, current=shows_current_images(run_dir))


def page_to_offer(run_dir: Path) -> str | None:
    """Name the page on which the run's images can be rated; None where there is none, or it shows earlier images."""
    return PAGE if (run_dir / PAGE).exists() and shows_current_images(run_dir) else None


def shows_current_images(run_dir: Path) -> bool:
    """Tell whether a run's study shows the images of its evaluation as it is now."""
    try:
        study = find_study(run_dir)
    except OpinionError as error:
        logger.warning("%s", error)
        return False
    if study is None or not (run_dir / "evaluation" / "manifest.json").exists():
        return False
    return study.fingerprint.split("+")[0] == fingerprint([run_dir])
