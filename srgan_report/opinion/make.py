"""Make a study of finished runs: its key, its page, the metrics of what is shown, and a link for each rater.

A link holds a code in place of a name, by which answers can be paired without knowing who gave them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from srgan_lib.csv_files import read_csv, write_csv
from srgan_lib.files import load_json, read_bounded, write_atomic, write_json
from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from srgan_report.opinion.answers import RATER_CODE
from srgan_report.opinion.page import write_page
from srgan_report.opinion.stimuli import Step, choose, examples, find_images, measure_crops
from srgan_report.opinion.study import FOLDER, KEY, PAGE, OpinionError, Study, find_study

MEASURED = f"{FOLDER}/metrics.csv"
LINKS = f"{FOLDER}/raters.csv"  #: it stays in the run's folder, as the key does
LARGEST_LIST = 100_000  #: bytes of a list of codes


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


def read_codes(path: Path) -> list[str]:
    """Read raters' codes, one a line; an :class:`OpinionError` names the line that is none, or is there already."""
    try:
        lines = read_bounded(path, LARGEST_LIST).decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise OpinionError("no such file; --raters takes a number, or a file with a code a line", path=path) from None
    except (OSError, ValueError) as error:
        raise OpinionError(f"no list of codes, one a line: {error}", path=path) from None
    codes: list[str] = []
    for number, code in enumerate(map(str.strip, lines), 1):
        if code and not RATER_CODE.fullmatch(code):
            allowed = "up to 40 letters without accents, digits, '.', '_' and '-'"
            raise OpinionError(f"line {number}: {code!r} is no code; {allowed}", path=path)
        if code in codes:
            raise OpinionError(f"line {number}: {code} is there twice; each rater has a code of their own", path=path)
        codes += [code] if code else []
    if not codes:
        raise OpinionError("no codes; write one a line", path=path)
    return codes


def write_links(run_dir: Path, study: Study, codes: list[str]) -> Path:
    """Write each rater's code, number and link to the page; without ``codes`` the study has its own, always the same.

    A code stands in the link's fragment, which browsers send to no server.
    """
    numbers = range(1, study.design.raters + 1)
    codes = codes or [hashlib.sha256(f"{study.salt}/rater/{number}".encode()).hexdigest()[:8] for number in numbers]
    links = [f"{PAGE}#rater={code}&number={number}" for code, number in zip(codes, numbers, strict=True)]
    write_csv(run_dir / LINKS, pd.DataFrame({"rater": codes, "number": numbers, "link": links}))
    return run_dir / LINKS
