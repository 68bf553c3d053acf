"""The results of a study: answers collected or simulated, their scores written, and read for whoever shows them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from srgan_lib.csv_files import read_csv, write_csv
from srgan_lib.files import read_json, write_atomic, write_json
from srgan_report.opinion.analysis import TABLES, Analysis, analyse
from srgan_report.opinion.answers import Answer, Pool, new_answers, pool
from srgan_report.opinion.make import MEASURED, fingerprint
from srgan_report.opinion.simulation import Observers, simulate_preferences, simulate_study
from srgan_report.opinion.slide import slide
from srgan_report.opinion.study import FOLDER, PAGE, SIMULATED, OpinionError, Study, find_study, plan, read_study

KEPT = f"{FOLDER}/answers"  #: accepted files, one for each session
SUMMARY = "opinion_summary.json"
SLIDE = "opinion_slide.html"  #: for who shows the results to a class
logger = logging.getLogger(__name__)


def collect_answers(run_dir: Path, files: Sequence[Path]) -> tuple[Pool, Analysis]:
    """Check answers, keep the good ones in the run's folder, and write the scores of all that are there.

    An :class:`OpinionError` says if there is no study, or no answers that count.
    """
    study = read_study(run_dir)
    given = pool([*sorted((run_dir / KEPT).glob("*.json")), *files], study)  # what was collected earlier comes first
    for answers in given.kept.values():
        write_atomic(run_dir / KEPT / f"{answers.session}.json", answers.text())
    everything = pool(sorted((run_dir / KEPT).glob("*.json")), study)
    said = dict(everything.left_out)
    everything.left_out += [one for one in given.left_out if one[0] not in said]
    return everything, _write(run_dir, FOLDER, study, everything)


def simulate_answers(run_dir: Path, observers: Observers, seed: int) -> tuple[Pool, Analysis]:
    """Let simulated raters answer a run's study; files and scores go to ``opinion/simulated/``.

    The methods' qualities are spread evenly over the scale in their order: invented, and no prediction.
    """
    study = read_study(run_dir)
    rng = np.random.default_rng(seed)
    qualities = np.linspace(1.3, 4.5, len(study.methods))
    drawn = simulate_study(qualities, study.design.raters, len(study.images), observers, rng)
    key, files = study.key(), []
    for rater, careless in enumerate(drawn.careless):
        trials = plan(study, rater + 1)
        images = np.array([key[trial[0]][0] for trial in trials])
        # Of each trial the method, or the pair of methods; not the original that may be shown beside it.
        methods = np.array([[study.methods.index(key[code][1]) for code in trial[:2]] for trial in trials])
        if study.design.kind == "rating":
            votes = drawn.votes[rater, images, methods[:, 0]]
        else:
            pairs = np.column_stack([images, methods])
            votes = 1 + simulate_preferences(drawn.shown, pairs, bool(careless), observers, rng)
        answers = [
            Answer(shown=list(trial), vote=int(vote), ms=int(ms))
            for trial, vote, ms in zip(
                trials, votes, rng.lognormal(6 if careless else 8, 0.4, len(trials)), strict=True
            )
        ]
        file = run_dir / SIMULATED / "answers" / f"{rater + 1:03d}.json"
        write_atomic(file, new_answers(study.id, rater + 1, rng.bytes(8).hex(), answers, simulated=True).text())
        files.append(file)
    pooled = pool(files, study, simulated=True)
    return pooled, _write(run_dir, SIMULATED, study, pooled)


def _write(run_dir: Path, folder: str, study: Study, pooled: Pool) -> Analysis:
    found = analyse(study, pooled, read_csv(run_dir / MEASURED))
    for name in TABLES:
        write_csv(run_dir / folder / f"opinion_{name}.csv", getattr(found, name))
    write_json(run_dir / folder / SUMMARY, found.summary)
    write_atomic(run_dir / folder / SLIDE, slide(run_dir, study, found))
    return found


def read_results(run_dir: Path) -> Analysis | None:
    """Read what was collected; None where nothing was. Simulated scores are never read."""
    summary = read_json(run_dir / FOLDER / SUMMARY)
    if summary is None or summary["simulated"]:
        return None
    tables = {name: read_csv(run_dir / FOLDER / f"opinion_{name}.csv") for name in TABLES}
    return Analysis(**tables, summary=summary, current=shows_current_images(run_dir))


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
