"""Bring the prose of executed notebooks up to date."""

from __future__ import annotations

from pathlib import Path

from srgan_lib.files import write_atomic


def refresh_prose(executed: Path, source: Path) -> bool:
    """Bring the prose of an executed notebook up to date; its code and outputs stay, since the code is the same.

    Returns
    -------
    bool
        Whether the file has changed.
    """
    import nbformat

    done, text = nbformat.read(executed, as_version=4), nbformat.read(source, as_version=4)
    injected = [cell for cell in done.cells if "injected-parameters" in cell.metadata.get("tags", [])]
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
    if [c["source"] for c in cells] == [c["source"] for c in nbformat.read(executed, as_version=4).cells]:
        return False
    done.cells = cells
    write_atomic(executed, nbformat.writes(done))
    return True
