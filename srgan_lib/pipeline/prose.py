"""Bring the prose of executed notebooks up to date."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from srgan_lib.files import write_atomic


def refresh_prose(executed: Path, source: Path) -> bool:
    """Bring the prose of an executed notebook up to date; its code and outputs stay, since the code is the same.

    Returns
    -------
    bool
        Whether the file has changed.
    """
    if _cells(executed) == _cells(source):
        return False
    import nbformat  # takes seconds, which the check above spares

    done, text = nbformat.read(executed, as_version=4), nbformat.read(source, as_version=4)
    injected = [cell for cell in done.cells if _injected(cell)]
    outputs = iter([cell for cell in done.cells if cell.cell_type == "code" and cell not in injected])
    cells = []
    for cell in text.cells:
        if cell.cell_type != "code":
            cells.append(cell)
            continue
        ran = next(outputs)
        ran["source"] = cell["source"]
        cells.append(ran)
        if "parameters" in cell.metadata.get("tags", []):
            cells += injected
    done.cells = cells
    write_atomic(executed, nbformat.writes(done))
    return True


def _cells(path: Path) -> list[tuple[str, str]]:
    """Read the type and the source of each cell of a notebook, without the parameters that papermill injected."""
    cells = json.loads(path.read_bytes())["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells if not _injected(cell)]


def _injected(cell: dict[str, Any]) -> bool:
    return "injected-parameters" in cell["metadata"].get("tags", [])
