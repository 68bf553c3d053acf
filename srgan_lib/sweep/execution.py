"""Do the tasks of a sweep one after the other in this process; :mod:`.cluster` does them side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from srgan_lib.errors import Interrupted, SrganError, traceback_text
from srgan_lib.sweep.planning import PlannedRun, StageTask, by_urgency
from srgan_lib.sweep.work import Work, perform

logger = logging.getLogger(__name__)


class SweepAborted(SrganError):
    """The sweep as a whole cannot go on, and no run is to blame: the message says why."""


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
