"""The results of a study: answers collected or simulated, their scores written, and read for whoever shows them.

A slide shows them to a class: the question, the images, the scores, and what they say.
"""

from __future__ import annotations

import html
import io
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from srgan_lib.csv_files import read_csv, write_csv
from srgan_lib.files import read_json, write_atomic, write_json
from srgan_lib.methods import method_styles
from srgan_report.exhibits import markup
from srgan_report.opinion.analysis import TABLES, Analysis, analyse
from srgan_report.opinion.answers import Answer, Pool, new_answers, pool
from srgan_report.opinion.exhibits import finding, findings, lines, score_figure
from srgan_report.opinion.make import MEASURED, fingerprint
from srgan_report.opinion.page import QUESTIONS, Encoded, as_webp, filled, read_page
from srgan_report.opinion.simulation import Observers, simulate_preferences, simulate_study
from srgan_report.opinion.study import FOLDER, PAGE, SIMULATED, OpinionError, Study, find_study, plan, read_study

KEPT = f"{FOLDER}/answers"  #: accepted files, one for each session
SUMMARY = "opinion_summary.json"
SLIDE = "opinion_slide.html"  #: for who shows the results to a class
SIDE = 128  #: pixels of the middle of an image that the slide shows
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
    write_atomic(run_dir / folder / SLIDE, _slide(run_dir, study, found))
    return found


def _slide(run_dir: Path, study: Study, results: Analysis) -> str:
    """Write the slide as one self-contained page that prints on one sheet.

    It shows the image on which the methods are furthest apart, if the study's page is there to take it from; methods
    are in the order of their scores, of too few raters in that of the study.
    """
    simulated = results.summary["simulated"]
    question = QUESTIONS["rating" if results.rating else study.design.question]
    place = int(results.images.spread.fillna(-1).to_numpy().argmax())
    page = read_page(run_dir / PAGE) if (run_dir / PAGE).exists() else None
    strip = []
    if page and page.study == study.id:
        for method, style in method_styles(results.in_order().method).items():
            uri = markup.data_uri(_middle(page.images[study.code(place, method)]), "image/webp")
            label = html.escape(style.label)
            strip.append(f'<figure><img alt="{label}" src="{uri}"><figcaption>{label}</figcaption></figure>')
    parts = {
        "QUESTION": html.escape(question),
        "MARK": '<p class="mark">Simulated: nobody has looked at these images.</p>' if simulated else "",
        "COUNT": str(max(len(strip), 1)),
        "STRIP": "".join(strip),
        "PLACE": f"The middle of {html.escape(study.images[place][1])}." if strip else "",
        "CHART": markup.chart(score_figure(results)),
        "LINES": html.escape(lines(results)),
        "FINDING": html.escape(finding(results)),
        "WHO": html.escape(findings(results)[0]),
    }
    return markup.page_text(filled("slide.html", parts))


def _middle(image: Encoded) -> bytes:
    """Cut the middle out of an image, :data:`SIDE` pixels each way where it has them."""
    left, top = (max(length - SIDE, 0) // 2 for length in (image.width, image.height))
    with Image.open(io.BytesIO(image.webp)) as whole:
        return as_webp(whole.crop((left, top, min(left + SIDE, image.width), min(top + SIDE, image.height))))


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
