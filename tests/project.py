"""A throw-away project: five tiny notebooks that only write a file, so that the runner itself can be tried."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat
import yaml

from scripts.write_notebooks import parameters_cell
from srgan_lib.layout import DEMO, STAGES
from srgan_lib.params import Params
from srgan_report.params_file import check
from srgan_report.pipeline.resolve_auto import resolve
from srgan_report.pipeline.run import Run

OPEN = 'from srgan_report.pipeline.stages import open_stage\nstage = open_stage("{stage}", globals())'
BODY = '(stage.directory / "result.csv").write_text("{stage}\\n")'
BODIES = {stage: BODY.format(stage=stage) for stage in STAGES}
BODIES["data"] += '\n(stage.directory / "split.csv").write_text("dataset,image,split\\n")'


def make_project(root: Path, bodies: dict[str, str] | None = None) -> Path:
    """Write ``notebooks/`` and ``params/`` under ``root``; ``bodies`` replaces the work cell of a stage."""
    (root / "notebooks").mkdir(parents=True, exist_ok=True)
    (root / "params").mkdir(exist_ok=True)
    (root / DEMO).touch()
    for name, info in STAGES.items():
        set_body(root, name, {**BODIES, **(bodies or {})}[name], prose=f"# {info.title}")
    return root


def set_body(root: Path, stage: str, body: str, prose: str = "# Prose") -> None:
    """Write one stage's notebook."""
    new = nbformat.v4
    cells = [
        new.new_markdown_cell(prose, id="prose"),
        new.new_code_cell(parameters_cell(stage), metadata={"tags": ["parameters"]}, id="parameters"),
        new.new_code_cell(OPEN.format(stage=stage), id="open"),
        new.new_code_cell(body, id="body"),
        new.new_code_cell("stage.finish()", id="finish"),
    ]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    nbformat.write(
        new.new_notebook(cells=cells, metadata=metadata), root / "notebooks" / f"{STAGES[stage].notebook}.ipynb"
    )


def execute_here(source: str, target: str, parameters: dict[str, Any], **_how: Any) -> None:
    """Stand in for papermill's ``execute_notebook`` without a kernel, which takes seconds to start."""
    from papermill.exceptions import PapermillExecutionError
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    notebook = parameterize_notebook(load_notebook_node(source), parameters)
    names: dict[str, Any] = {}
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.outputs = []
        try:
            with patch("IPython.display.display", partial(_keep, cell.outputs)):
                exec(cell.source, names)
        except Exception as error:
            nbformat.write(notebook, target)
            raise PapermillExecutionError(count, count, cell.source, type(error).__name__, str(error), []) from None
    nbformat.write(notebook, target)


def _keep(outputs: list[Any], shown: Any, raw: bool = False) -> None:
    """Stand in for IPython's ``display``: keep what a cell shows as its output."""
    if not raw:
        forms = {f"text/{form}": getattr(shown, f"_repr_{form}_", lambda: None)() for form in ("html", "markdown")}
        shown = {mime: text for mime, text in forms.items() if text}
    outputs.append(nbformat.v4.new_output("display_data", shown))


def tiny_values(stage: str) -> dict[str, Any]:
    """Parameters by which a real notebook runs in seconds: the overlay ``tiny``, flat."""
    file = Path(__file__).parents[1] / "params/overlays/tiny.yaml"
    overlay = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {**overlay["shared"], "threads": 1, **overlay.get(stage, {})}


def tiny_run(root: Path, name: str = "one", **sections: dict) -> Run:
    """A run of a throw-away project at :func:`tiny_params`."""
    params = tiny_params(**sections)
    return Run(params, params, root / "results" / name, root)


def tiny_params(**sections: dict) -> Params:
    """Resolved parameters that need no torch: no content term, no LPIPS."""
    quiet = {
        "warmup": {"content_weight": 0},
        "adversarial": {"content_weight": 0},
        "evaluation": {"lpips_nets": []},
        "shared": {"threads": 1, "dtype": "float32", "device": "cpu"},
    }
    return resolve(
        check({key: {**quiet.get(key, {}), **sections.get(key, {})} for key in quiet.keys() | sections.keys()})
    )
