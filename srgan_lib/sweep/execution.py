"""Do the tasks of a sweep in this process, one or all one after the other; :mod:`.cluster` does them side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from srgan_lib.errors import Interrupted, SrganError, traceback_text
from srgan_lib.pipeline.execution import execute
from srgan_lib.pipeline.notebook_execution import OnEvent
from srgan_lib.pipeline.planning import Plan, plan_run
from srgan_lib.pipeline.provenance import Components
from srgan_lib.pipeline.run import Run
from srgan_lib.sweep.planning import PlannedRun, StageTask, by_urgency

logger = logging.getLogger(__name__)


class SweepAborted(SrganError):
    """The sweep as a whole cannot go on, and no run is to blame: the message says why."""


class WorkerMismatch(SrganError):
    """A worker would compute something else than what was planned: other versions, files or code."""


@dataclass(frozen=True)
class Work:
    """What a worker must know to do a task; small, and free of what it can find on the shared disk.

    Attributes
    ----------
    run : what the task belongs to.
    components : what each stage was planned to depend on.
    sources : folders to copy stages from, by fingerprint.
    stages : what to see to; ``report``: then complete the run and make its report.
    """

    run: Run
    components: dict[str, Components]
    sources: dict[str, list[Path]]
    stages: list[str]
    report: bool


@dataclass(frozen=True)
class TaskEvent:
    """Something that has happened to a task; ``details``: of its progress, or the ``cause`` of its failure."""

    task: StageTask
    kind: Literal["started", "progress", "finished", "failed"]
    details: Mapping[str, Any] = field(default_factory=dict)


OnTaskEvent = Callable[[TaskEvent], None]  # called from any thread
Executor = Callable[[list[StageTask], Callable[[StageTask], Work], OnTaskEvent], None]


@dataclass
class Outcome:
    """What has become of one run so far.

    Attributes
    ----------
    cause : why it failed.
    running : what is being done for it now (stages, or ``report``), with the last details of its progress.
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


def run_here(tasks: list[StageTask], work: Callable[[StageTask], Work], emit: OnTaskEvent) -> None:
    """Do all tasks in this process, one after the other; a failed task fails those that need it and no others.

    Parameters
    ----------
    tasks : each after those it needs.
    work : what a task's worker must know.
    emit : called with every event.

    Raises
    ------
    Interrupted
        When the user stops the sweep.
    """
    causes: dict[str, str] = {}
    for task in by_urgency(tasks):
        cause = next((causes[need] for need in task.needs if need in causes), "")
        if not cause:
            emit(TaskEvent(task, "started"))
            cause = _attempt(task, work(task), emit)
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
        stages=task.stages,
        report=task.stage is None,
    )


def perform(work: Work, on_event: OnEvent = lambda event, details: None) -> None:
    """Do one task; what it needs has been done before, by whomever.

    Raises
    ------
    StageFailed
        When a notebook raises.
    WorkerMismatch
        When this process would compute something else than what was planned.
    """
    plans = plan_run(work.run, finished=work.sources)
    chosen = [plan for plan in plans if plan.stage.name in work.stages]
    for plan in chosen:
        _check(plan, work)
    execute(chosen, work.run, on_event)
    if work.report:
        from srgan_lib.pipeline.assemble import assemble

        assemble(work.run)


def _check(plan: Plan, work: Work) -> None:
    changes = plan.components.changes_since(asdict(work.components[plan.stage.name]))
    if changes:
        from srgan_lib.hardware import machine

        raise WorkerMismatch(
            f"stage {plan.stage.name}: this process ({machine()['cpu']}) has something else than the one that planned the "
            f"sweep: {'; '.join(changes[:3])}. Give all workers the same environment and shared folders, leave the "
            "library as it is while a sweep runs, and start the same command again"
        )


def cause_of(key: str, error: Exception) -> str:
    """Put what stopped a task into words; where the program is at fault, log its traceback."""
    if text := traceback_text(error):
        logger.error("%s:\n%s", key, text)
    return str(error) or type(error).__name__


def _attempt(task: StageTask, work: Work, emit: OnTaskEvent) -> str:
    """Do a task and return what went wrong in words, or an empty string."""

    def on_event(event: str, details: Mapping[str, Any]) -> None:
        if event == "progress":
            emit(TaskEvent(task, "progress", details))

    try:
        perform(work, on_event)
    except Interrupted:
        raise
    except Exception as error:  # whatever stops one run must not stop the others
        return cause_of(task.key, error)
    return ""
