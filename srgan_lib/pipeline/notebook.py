"""Open a stage from a notebook: check its parameters, compute the stages that it reads where they are missing.

stage = open_stage("warmup", globals())
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from srgan_lib.formatting import duration
from srgan_lib.layout import DEMO, STAGES, LayoutError, project_root
from srgan_lib.params import Params
from srgan_lib.params.reading import check, check_stage, read
from srgan_lib.pipeline.manifests import read_manifest
from srgan_lib.pipeline.resolve import resolve
from srgan_lib.pipeline.run import Run
from srgan_lib.pipeline.stages import Stage

PARAMETERS_HEADER = "# Parameters"  # first line of every parameters cell; papermill writes it into the one it injects


def open_stage(name: str, namespace: Mapping[str, Any]) -> Stage:
    """Check a notebook's parameters and open its stage, computing the stages it reads where they are missing.

    Parameters
    ----------
    name : one of ``data``, ``srcnn``, ``warmup``, ``adversarial``, ``evaluation``.
    namespace : the notebook's ``globals()``, where its parameters cells have left their values.

    Raises
    ------
    LayoutError
        For a name that is no stage's.
    ParameterError
        For an unknown name in a parameters cell (papermill injects those without a word), a wrong value
        or an impossible combination.
    """
    if name not in STAGES:
        raise LayoutError(f"no stage is called {name!r}; stages: {', '.join(STAGES)}")
    asked = check_stage(name, given_parameters(namespace, Params().stage(name).keys()))
    root = project_root()
    run = Run(resolve(asked), asked, (root / asked.shared.run_dir).resolve(), root)
    missing = [one for one in STAGES[name].upstream if not (run.stage_directory(one) / "manifest.json").exists()]
    if missing:
        _compute(missing, name, run)
    return Stage(name, run)


def given_parameters(namespace: Mapping[str, Any], known: Set[str]) -> dict[str, Any]:
    """Gather the parameters that a notebook's cells have set; unknown ones are there too, for the schema to refuse.

    Parameters
    ----------
    namespace : the notebook's ``globals()``.
    known : the notebook's parameters.
    """
    given = {key: namespace[key] for key in known if key in namespace}
    return given | {key: None for key in _assigned_names(namespace.get("In", ())) - known}


def _compute(missing: list[str], wanted_by: str, run: Run) -> None:
    """Compute the stages that a notebook run by hand reads and nobody has computed yet, as the demo has them."""
    from IPython.display import display

    from srgan_lib.pipeline.execution import execute
    from srgan_lib.pipeline.planning import plan_run

    def tell(text: str) -> None:
        display({"text/plain": text}, raw=True)

    def on_event(event: str, details: Mapping[str, Any]) -> None:
        if event == "finished":
            tell(f"{details['stage'].notebook}: done in {duration(details['seconds'])}")

    tell(f"Computing {', '.join(missing)} first: {wanted_by!r} reads it. {_expected(missing, run)}")
    demo = read(run.root / DEMO)
    asked = check({**run.asked.model_dump(), **{stage: getattr(demo, stage).model_dump() for stage in missing}})
    run = replace(run, params=resolve(asked), asked=asked)
    plans = [plan for plan in plan_run(run, until=missing[-1]) if plan.stage.name in missing]
    execute(plans, run, on_event)


def _expected(stages: Sequence[str], run: Run) -> str:
    """Say how long stages took when they were last computed here, at whatever parameters."""
    known = {}
    for stage in stages:
        found = [manifest for path in run.results.glob(f"*/{stage}") if (manifest := read_manifest(path))]
        if found:
            known[stage] = max(found, key=lambda manifest: manifest["started"])["seconds"]
    if len(known) < len(stages):
        return "How long that takes is not known: not all of it has been computed here before."
    return f"When last computed here, that took {duration(sum(known.values()))}."


def _assigned_names(cells: Any) -> set[str]:
    """Plain names assigned in the parameters cells that this kernel has executed."""
    sources = [cell for cell in cells if isinstance(cell, str) and cell.lstrip().startswith(PARAMETERS_HEADER)]
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
