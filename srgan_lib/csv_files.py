"""CSV files, which people open with spreadsheets: names in them stay text there, and come back as they were.

A spreadsheet computes what begins with ``=``, ``+``, ``-`` or ``@``, and may so call other programs. Such a text,
unless it is a number, is written after an apostrophe, as spreadsheets themselves mark text; reading takes it away.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srgan_lib.files import write_atomic

if TYPE_CHECKING:
    import pandas

_COMPUTED = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?%?|[+-]inf", re.IGNORECASE)
#: Columns of names, which stay text though they may look like numbers: 0001.
_NAMES = ("dataset", "image", "method", "group", "run", "setting", "rater", "sha256", "perceptual_hash", "lr_sha256")


def write_csv(path: Path, frame: pandas.DataFrame) -> None:
    """Write a table without its index in one step, creating its folder."""
    write_atomic(path, csv_text(frame))


def csv_text(frame: pandas.DataFrame) -> str:
    """Write a table without its index as the text of a CSV file, which no spreadsheet computes."""
    escaped = frame.rename(columns=_escape)
    for place, column in enumerate(frame):
        if frame[column].dtype.kind == "O":
            escaped.isetitem(place, frame[column].map(_escape).array)
    return escaped.to_csv(index=False, lineterminator="\n")


def read_csv(path: Path, **options: Any) -> pandas.DataFrame:
    """Read a table that :func:`write_csv` wrote: an empty cell is missing, names such as ``0001`` and ``NA`` are text.

    ``options`` are pandas's, such as ``dtype``.
    """
    import pandas

    types = dict.fromkeys(_NAMES, str) | options.pop("dtype", {})
    frame = pandas.read_csv(path, **{"keep_default_na": False, "na_values": [""], "dtype": types, **options})
    for column in frame.select_dtypes(["object", "string"]):
        frame[column] = frame[column].map(_restore).astype(frame[column].dtype)  # also where all are missing
    return frame.rename(columns=_restore)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the same as texts by column, a mapping for each row."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{_restore(name): _restore(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def _escape(cell: Any) -> Any:
    computed = isinstance(cell, str) and _COMPUTED.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if computed else cell


def _restore(cell: Any) -> Any:
    computed = isinstance(cell, str) and cell.startswith("'") and _COMPUTED.match(cell)
    return cell[1:] if computed else cell
