"""Plan a sweep: what each run will compute, and which run computes what several need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from srgan_lib.files import Snapshot
from srgan_lib.layout import STAGES, results_folder
from srgan_lib.params import Params
from srgan_report.pipeline.manifests import read_manifest
from srgan_report.pipeline.planning import Plan, finished_stages, plan_run
from srgan_report.pipeline.resolve_auto import resolve
from srgan_report.pipeline.run import Run
from srgan_report.sweep.expansion import SweepRun


@dataclass(frozen=True)
class PlannedRun:
    """A run of a sweep and what will happen to each stage.

    A stage to ``reuse`` may be one that an earlier run of the sweep has yet to compute.

    Attributes
    ----------
    run : what distinguishes it from the sweep's other runs.
    single : the run as any other.
    """

    run: SweepRun
    single: Run
    stages: dict[str, Plan]

    @property
    def name(self) -> str:
        """The run's name, which is that of its folder."""
        return self.run.name

    @property
    def params(self) -> Params:
        """The run's resolved parameters."""
        return self.single.params

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self.single.directory


@dataclass(frozen=True, eq=False)
class StageTask:
    """One piece of work for one process: to compute one stage, or to complete a run and make its report.

    Attributes
    ----------
    stage : what to compute; none: all stages of the run are there or can be copied, and the report is to be made.
    needs : keys of the tasks that come first.
    """

    key: str
    planned: PlannedRun
    stage: str | None
    needs: tuple[str, ...]

    @cached_property
    def stages(self) -> list[str]:
        """The stages of the run that this task sees to."""
        return list(STAGES) if self.stage is None else [*STAGES[self.stage].upstream, self.stage]


def plan_sweep(runs: Iterable[SweepRun], folder: Path, root: Path, fetching: bool = False) -> list[PlannedRun]:
    """Plan all runs as the disk is now; nothing is computed, written or downloaded, and torch is not imported.

    Parameters
    ----------
    runs : of the sweep, in order: of several that need a stage, the first computes it.
    folder : the sweep's, ``results/sweeps/<name>``.
    root : the project.
    fetching : whether what is missing is fetched before computing.
    """
    finished = finished_stages(results_folder(folder / "run"))
    claimed: dict[str, Path] = {}
    planned = []
    snapshot = Snapshot()
    for run in runs:
        single = Run(resolve(run.params), run.params, folder / run.name, root)
        plans = plan_run(single, finished=finished, fetching=fetching, snapshot=snapshot)
        stages = {plan.stage.name: _shared(plan, single.directory, claimed) for plan in plans}
        planned.append(PlannedRun(run, single, stages))
    return planned


def is_finished(planned: PlannedRun) -> bool:
    """Tell whether a run's results, as planned, are there already."""
    manifest = read_manifest(planned.directory) or {"stages": {}}
    return all(
        plan.action == "skip" and manifest["stages"].get(name, {}).get("fingerprint") == plan.fingerprint
        for name, plan in planned.stages.items()
    )


def tasks(planned: Iterable[PlannedRun]) -> list[StageTask]:
    """List all work of a sweep, each task after those it needs."""
    made: dict[str, StageTask] = {}
    last: dict[str, str] = {}  # by fingerprint, the task that computes it
    for run in planned:
        for stage, plan in run.stages.items():
            if plan.action == "run":
                needs = [run.stages[name].fingerprint for name in STAGES[stage].upstream]
                key = f"{run.name}/{stage}"
                made[key] = StageTask(key, run, stage, tuple(last[need] for need in needs if need in last))
                last[plan.fingerprint] = key
        needs = tuple(dict.fromkeys(last[plan.fingerprint] for plan in run.stages.values() if plan.fingerprint in last))
        made[f"{run.name}/report"] = StageTask(f"{run.name}/report", run, None, needs)
    return list(made.values())


def by_urgency(all_tasks: list[StageTask]) -> dict[StageTask, int]:
    """Order tasks as they may be done, each with the number of runs that wait for it.

    What most runs wait for comes first, then one run is completed after the other.
    """
    waiting: dict[str, set[str]] = {task.key: {task.planned.name} for task in all_tasks}
    for task in reversed(all_tasks):
        for need in task.needs:
            waiting[need] |= waiting[task.key]
    return {task: len(waiting[task.key]) for task in sorted(all_tasks, key=lambda task: -len(waiting[task.key]))}


def _shared(plan: Plan, directory: Path, claimed: dict[str, Path]) -> Plan:
    """Plan to reuse a stage that an earlier run of the sweep will compute."""
    if plan.action == "run" and plan.fingerprint in claimed:
        return replace(plan, action="reuse", source=claimed[plan.fingerprint])
    if plan.action == "run":
        claimed[plan.fingerprint] = directory / plan.stage.name
    return plan
