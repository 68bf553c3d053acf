"""The appendix: every parameter, versions, hashes, and the command that makes the run again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from srgan_lib.formatting import value_text
from srgan_lib.layout import STAGES
from srgan_lib.params import Params
from srgan_lib.report.load_run import FinishedRun

PARAMETERS = {"parameters", "injected-parameters"}  # tags of the cells whose values the tables show


@dataclass(frozen=True)
class Parameter:
    """One parameter: ``changed`` where the run sets it, ``default`` empty where the value is the default."""

    name: str
    value: str
    default: str
    changed: bool
    meaning: str


def context(run: FinishedRun, book: NotebookNode) -> dict[str, Any]:
    """What the appendix's template shows."""
    listed = hashes(run)
    shown = [(path, value) for path, value in listed if not path.startswith("evaluation/images/")]
    return {
        "parameters": parameters(run),
        "hashes": shown,
        "image_files": len(listed) - len(shown),
        "code": code(run, book),
    }


def parameters(run: FinishedRun) -> dict[str, list[Parameter]]:
    """All parameters by section."""
    changed = set(run.manifest["changed"])
    sections: dict[str, list[Parameter]] = {}
    for section in ("shared", *STAGES):
        fields = Params.section(section).model_fields
        for name, value in run.manifest["parameters"][section].items():
            default, meaning = fields[name].get_default(), fields[name].description or ""
            row = Parameter(
                name,
                value_text(value),
                value_text(default) if value != default else "",
                f"{section}.{name}" in changed,
                meaning,
            )
            sections.setdefault(section, []).append(row)
    return sections


def hashes(run: FinishedRun) -> list[tuple[str, str]]:
    """Every result file of the run and its SHA-256, by its path in the run's folder."""
    return [
        (f"{stage.info.name}/{path}", value)
        for stage in run.stages
        for path, value in stage.manifest["outputs"].items()
    ]


def code(run: FinishedRun, book: NotebookNode) -> list[tuple[str, str]]:
    """The code of each notebook, for the printed report, where it cannot be folded into its place."""
    cells = [
        cell for cell in book.cells if cell.cell_type == "code" and not PARAMETERS & set(cell.metadata.get("tags", []))
    ]
    sources = {stage.info: [c.source for c in cells if c.metadata["stage"] == stage.info.name] for stage in run.stages}
    return [(info.notebook, "\n\n".join(pieces)) for info, pieces in sources.items()]
