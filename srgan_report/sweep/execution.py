"""Do a sweep: what is planned, what has become of each run, and its tasks one after the other.

:mod:`.cluster` does them side by side.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from srgan_lib.errors import Interrupted, SrganError, traceback_text
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.fetching import Missing
from srgan_report.pipeline.planning import Plan, all_missing, plan_run
from srgan_report.pipeline.provenance import Components
from srgan_report.pipeline.run import Run
from srgan_report.project import make_results, run_folder
from srgan_report.sweep.definition import Source
from srgan_report.sweep.expansion import Factor, SweepRun, expand, single_command
from srgan_report.sweep.planning import PlannedRun, StageTask, by_urgency, is_finished, tasks

logger = logging.getLogger(__name__)


class SweepAborted(SrganError):
    """The sweep as a whole cannot go on, and no run is to blame: the message says why."""


class WorkerMismatch(SrganError):
    """A worker would compute something else than what was planned: other versions, files or code."""


@dataclass(frozen=True)
class Work:
    """What a worker must know to do a task; small, and free of what it can find on the shared disk."""

    run: Run
    components: dict[str, Components]  # by stage to see to, what it was planned to depend on
    sources: dict[str, list[Path]]  # folders to copy stages from, by fingerprint
    report: bool  # whether to complete the run, too, and make its report


@dataclass(frozen=True)
class TaskEvent:
    """Something that has happened to a task; ``details``: of its progress, or the ``cause`` of its failure."""

    task: StageTask
    kind: Literal["started", "progress", "finished", "failed"]
    details: Mapping[str, Any] = field(default_factory=dict)


OnTaskEvent = Callable[[TaskEvent], None]  # called from any thread
Executor = Callable[[list[StageTask], Callable[[StageTask], Work], OnTaskEvent], None]
#: Plans runs, given them, the sweep's folder, the project, and whether what is missing is fetched before computing.
Planner = Callable[[list[SweepRun], Path, Path, bool], list[PlannedRun]]


@dataclass
class Outcome:
    """What has become of one run so far, and the ``cause`` of its failure.

    ``running`` is what is being done for it now (stages, or ``report``), with the last details of its progress.
    """

    planned: PlannedRun
    state: Literal["waiting", "running", "finished", "failed"] = "waiting"
    cause: str = ""
    running: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def update(self, event: TaskEvent) -> None:
        """Note an event of one of the run's tasks."""
        what = event.task.stage or "report"
        if event.kind in ("started", "progress"):
            self.running[what] = event.details
            self.state = "running" if self.state == "waiting" else self.state
            return
        self.running.pop(what, None)
        if event.kind == "failed":
            self.state, self.cause = "failed", self.cause or event.details["cause"]
        elif event.task.stage is None:
            self.state = "finished"


@dataclass
class PlannedSweep:
    """A planned sweep and what has become of its runs."""

    source: Source
    folder: Path
    root: Path
    factors: list[Factor]  # what is varied, but for the seed
    outcomes: dict[str, Outcome]  # by the run's name

    @property
    def title(self) -> str:
        """The title of the comparison report."""
        return self.source.definition.title or f"{self.source.path.stem.replace('_', ' ').capitalize()}: a comparison"

    @property
    def planned(self) -> list[PlannedRun]:
        """All runs in the order of the sweep file."""
        return [outcome.planned for outcome in self.outcomes.values()]

    @property
    def plans(self) -> list[Plan]:
        """What will happen to each stage of each run."""
        return [plan for run in self.planned for plan in run.stages.values()]

    @property
    def finished(self) -> list[PlannedRun]:
        """The runs that can be compared."""
        return [outcome.planned for outcome in self.outcomes.values() if outcome.state == "finished"]

    @property
    def unfinished(self) -> list[Outcome]:
        """The runs that failed or were not begun."""
        return [outcome for outcome in self.outcomes.values() if outcome.state != "finished"]

    @property
    def missing(self) -> list[Missing]:
        """What the runs read and the disk lacked when they were planned; required is what no run can do without."""
        by_run = [{one.name for one in all_missing(run.stages.values()) if one.required} for run in self.planned]
        without = "the runs that need it will not be computed"
        return [
            replace(one, required=False, alternative=without)
            if one.required and not all(one.name in names for names in by_run)
            else one
            for one in all_missing(self.plans)
        ]

    def command(self, run: SweepRun) -> str:
        """Write the command that computes one of the runs by itself."""
        return single_command(self.source, run, self.root)

    def lock(self) -> AbstractContextManager[object]:
        """Keep other processes from running this sweep meanwhile; :class:`SweepAborted` where one does already."""
        from filelock import FileLock, Timeout

        make_results(self.folder)
        try:
            return FileLock(self.folder / ".lock").acquire(timeout=0)
        except Timeout:
            raise SweepAborted(
                f"another process is running this sweep ({self.folder}); wait for it or give a --name"
            ) from None

    def do(self, executor: Executor, emit: OnTaskEvent) -> None:
        """Compute all that is missing, one task after the other or side by side."""

        def update(event: TaskEvent) -> None:
            self.outcomes[event.task.planned.name].update(event)
            emit(event)

        executor(tasks(self.planned), lambda task: work_of(task, self.command(task.planned.run)), update)


def plan_study(
    source: Source,
    results: Path,
    root: Path,
    name: str | None,
    planner: Planner,
    *,
    max_runs: int | None = None,
    fetching: bool = False,
) -> PlannedSweep:
    """Check every run of a sweep and plan it in ``results/sweeps/<name>``; nothing is computed.

    ``name`` is by default that of the sweep file; more than ``max_runs`` runs are refused.
    """
    folder = run_folder(results / "sweeps", source.path.stem if name is None else name, "--name")
    factors, runs = expand(source, max_runs)
    planned = planner(runs, folder, root, fetching)
    outcomes = {run.name: Outcome(run, "finished" if is_finished(run) else "waiting") for run in planned}
    return PlannedSweep(source, folder, root, factors, outcomes)


def run_here(tasks: list[StageTask], work: Callable[[StageTask], Work], emit: OnTaskEvent) -> None:
    """Do all tasks in this process, one after the other; a failed task fails those that need it and no others.

    ``work`` says what a task's worker must know, ``emit`` is called with every event. :class:`.Interrupted` is raised
    when the user stops the sweep.
    """
    causes: dict[str, str] = {}
    for task in by_urgency(tasks):
        cause = next((causes[need] for need in task.needs if need in causes), "")
        if not cause:
            emit(TaskEvent(task, "started"))
            try:
                perform(work(task), lambda details, task=task: emit(TaskEvent(task, "progress", details)))
            except Interrupted:
                raise
            except Exception as error:  # whatever stops one run must not stop the others
                cause = cause_of(task.key, error)
        if cause:
            causes[task.key] = cause
        emit(TaskEvent(task, "failed", {"cause": cause}) if cause else TaskEvent(task, "finished"))


def work_of(task: StageTask, command: str) -> Work:
    """Pack a task for a worker; ``command`` reproduces its run alone."""
    planned = task.planned
    return Work(
        run=replace(planned.single, command=command),
        components={stage: planned.stages[stage].components for stage in task.stages},
        sources={plan.fingerprint: [plan.source] for plan in planned.stages.values() if plan.source},
        report=task.stage is None,
    )


def perform(work: Work, on_progress: Callable[[dict[str, Any]], None] = lambda details: None) -> None:
    """Do one task; what it needs has been done before, by whomever.

    ``on_progress`` is called with the details of a notebook's progress, which any process can read. Raised are
    :class:`.StageFailed` when a notebook raises, and :class:`WorkerMismatch`.
    """
    chosen = [plan for plan in plan_run(work.run, finished=work.sources) if plan.stage.name in work.components]
    for plan in chosen:
        if changes := plan.components.changes_since(asdict(work.components[plan.stage.name])):
            from srgan_report.hardware import machine

            raise WorkerMismatch(
                f"stage {plan.stage.name}: this process ({machine()['cpu']}) has something else than the one that "
                f"planned the sweep: {'; '.join(changes[:3])}. Give all workers the same environment and shared "
                "folders, leave the library as it is while a sweep runs, and start the same command again"
            )

    def on_event(event: str, details: Mapping[str, Any]) -> None:
        if event == "progress":
            on_progress({name: value for name, value in details.items() if name != "stage"})

    execute(chosen, work.run, on_event)
    if work.report:
        from srgan_report.pipeline.assemble import assemble

        assemble(work.run)


def cause_of(key: str, error: Exception) -> str:
    """Put what stopped a task into words; where the program is at fault, log its traceback."""
    if text := traceback_text(error):
        logger.error(f"{key}:\n{text}")  # no argument: those are names, whose line breaks are escaped
    return str(error) or type(error).__name__
