"""Make a study of finished runs: its key, its page, and the metrics of what is shown."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from srgan_lib.csv_files import read_csv, write_csv
from srgan_lib.files import load_json, write_atomic, write_json
from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from srgan_report.opinion.page import write_page
from srgan_report.opinion.stimuli import Step, choose, examples, find_images, measure_crops
from srgan_report.opinion.study import FOLDER, KEY, PAGE, OpinionError, Study, find_study

MEASURED = f"{FOLDER}/metrics.csv"


def make_study(
    run_dirs: Sequence[Path],
    shared: Shared,
    design: Opinion,
    *,
    replace: bool = False,
    progress: Callable[[str], Step] = lambda label: lambda done, total: None,
) -> Study:
    """Make a study of runs' images and write ``opinion.html`` and ``opinion/`` into the first run's folder.

    A study that is there with the same images and design is written again with its codes, so that answers stay good.
    Another one is replaced if that is asked for, and its answers can then no longer be decoded.

    Parameters
    ----------
    shared : parameters of the first run.
    progress : given a label, returns a callback ``(done, total)``.

    Raises
    ------
    OpinionError
        If the runs have not what the study needs, or another study is there.
    """
    run_dir = run_dirs[0]
    images = find_images(run_dirs, shared.scale)
    methods, chosen = choose(images, design, read_csv(run_dir / "evaluation" / "metrics.csv"))
    before = find_study(run_dir)
    salt = before.salt if before else secrets.token_hex(16)
    study = Study(
        design=design, methods=tuple(methods), images=tuple(chosen), fingerprint=fingerprint(run_dirs), salt=salt
    )
    if before and before != study:
        if not replace:
            raise OpinionError(
                f"{run_dir / KEY}: another study is here, and its answers could no longer be decoded; "
                "keep it, or replace it with --force",
                path=run_dir / KEY,
            )
        study = study.model_copy(update={"salt": secrets.token_hex(16)})
    shown, key, step = {}, study.key(), progress("Cutting images")
    for code, (number, method) in key.items():
        shown[code] = images.crop(chosen[number], method, design.size)
        step(len(shown), len(key))
    page = write_page(study, shown, examples(run_dir, shared, design.size))
    measured = measure_crops(images, chosen, methods, design.size, progress("Measuring what is shown"))
    write_csv(run_dir / MEASURED, measured)
    write_json(run_dir / KEY, {"id": study.id, **study.model_dump(mode="json")})
    write_atomic(run_dir / PAGE, page)
    return study


def fingerprint(run_dirs: Sequence[Path]) -> str:
    """Join the fingerprints of the evaluations whose images are shown."""
    return "+".join(load_json(run_dir / "evaluation" / "manifest.json")["fingerprint"] for run_dir in run_dirs)
