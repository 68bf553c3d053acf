"""Plan a sweep: what each run will compute, and which run computes what several need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from srgan_lib.files import Snapshot
from srgan_lib.layout import STAGES
from srgan_report.pipeline.manifests import read_manifest
from srgan_report.pipeline.planning import Plan, finished_stages, plan_run
from srgan_report.pipeline.resolve_auto import resolve
from srgan_report.pipeline.run import Run
from srgan_report.project import results_folder
from srgan_report.sweep.expansion import SweepRun


@dataclass(frozen=True)
class PlannedRun:
    """A run of a sweep and what will happen to each stage.

    A stage to ``reuse`` may be one that an earlier run of the sweep has yet to compute.
    """

    run: SweepRun  # what distinguishes it from the sweep's other runs
    single: Run  # the run as any other
    stages: dict[str, Plan]

    @property
    def name(self) -> str:
        """The run's name, which is that of its folder."""
        return self.run.name

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self.single.directory


@dataclass(frozen=True, eq=False)
class StageTask:
    """One piece of work for one process: to compute a stage, or with none, when all are there, to make the report."""

    key: str
    planned: PlannedRun
    stage: str | None
    needs: tuple[str, ...]  # keys of the tasks that come first

    @property
    def stages(self) -> list[str]:
        """The stages of the run that this task sees to."""
        return list(STAGES) if self.stage is None else [*STAGES[self.stage].upstream, self.stage]


def plan_sweep(runs: Iterable[SweepRun], folder: Path, root: Path, fetching: bool = False) -> list[PlannedRun]:
    """Plan all runs as the disk is now; nothing is computed, written or downloaded, and torch is not imported.

    Of several runs that need a stage, the first computes it and the others plan to reuse it. ``folder`` is the sweep's,
    ``results/sweeps/<name>``; ``fetching``: what is missing is fetched before computing.
    """
    finished = finished_stages(results_folder(folder / "run"))
    claimed: dict[str, Path] = {}  # by fingerprint, the folder of the run that computes it
    planned = []
    snapshot = Snapshot()
    for run in runs:
        single = Run(resolve(run.params), run.params, folder / run.name, root)
        stages = {}
        for plan in plan_run(single, finished=finished, fetching=fetching, snapshot=snapshot):
            if plan.action == "run" and plan.fingerprint in claimed:
                plan = replace(plan, action="reuse", source=claimed[plan.fingerprint])
            elif plan.action == "run":
                claimed[plan.fingerprint] = single.directory / plan.stage.name
            stages[plan.stage.name] = plan
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
