"""A link for each rater: codes in place of names, by which answers can be paired without knowing who gave them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from srgan_lib.csv_files import write_csv
from srgan_lib.files import read_bounded
from srgan_report.opinion.answers import RATER_CODE
from srgan_report.opinion.study import FOLDER, PAGE, OpinionError, Study

LINKS = f"{FOLDER}/raters.csv"  #: it stays in the run's folder, as the key does
LARGEST_LIST = 100_000  #: bytes of a list of codes


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
