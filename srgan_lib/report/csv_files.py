"""The CSV files behind the page's figures and tables, which the page carries with it."""

from __future__ import annotations

from pathlib import Path

from bs4 import Tag

MOST = 1_000_000  #: bytes of one file; a longer one is named only


def csv_files(main: Tag, folder: Path) -> dict[str, str]:
    """Read the files that figures and tables name as their source.

    Parameters
    ----------
    main : of a page, whose figures have ``data-source``: paths in the folder, joined by *and*.
    folder : the run's, or the sweep's.

    Returns
    -------
    Their text by path; without those that are missing or longer than :data:`MOST`.
    """
    named = {
        path for figure in main.select("figure[data-source]") for path in str(figure["data-source"]).split(" and ")
    }
    paths = {name: folder / name for name in sorted(named) if name.endswith(".csv")}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in paths.items()
        if path.is_file() and path.stat().st_size <= MOST
    }
