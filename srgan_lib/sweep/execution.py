"""Doing the tasks of a sweep: one after the other here, or side by side on Dask workers (:mod:`.cluster`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from srgan_lib.sweep.planning import PlannedRun, Task, by_urgency
from srgan_lib.sweep.work import Work, perform
from srgan_lib.training.interrupt import Interrupted


class Stopped(RuntimeError):
    """The sweep as a whole cannot go on, and no run is to blame: the message says why."""


@dataclass(frozen=True)
class Change:
    """Something that has happened to a task; ``facts``: of its progress, or the ``cause`` of its failure."""

    task: Task
    event: Literal["started", "progress", "finished", "failed"]
    facts: Mapping[str, Any] = field(default_factory=dict)


Tell = Callable[[Change], None]  # called from any thread
Executor = Callable[[list[Task], Callable[[Task], Work], Tell], None]


@dataclass
class Outcome:
    """What has become of one run so far.

    Attributes
    ----------
    cause : why it failed.
    running : what is being done for it now (stages, or ``report``), with the last facts of its progress.
    """

    planned: PlannedRun
    state: Literal["waiting", "running", "finished", "failed"] = "waiting"
    cause: str = ""
    running: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def follow(self, change: Change) -> None:
        """Note a change of one of the run's tasks."""
        what = change.task.stage or "report"
        if change.event in ("started", "progress"):
            self.running[what] = change.facts
            self.state = "running" if self.state == "waiting" else self.state
            return
        self.running.pop(what, None)
        if change.event == "failed":
            self.state, self.cause = "failed", self.cause or change.facts["cause"]
        elif change.task.stage is None:
            self.state = "finished"


def run_here(tasks: list[Task], work: Callable[[Task], Work], tell: Tell) -> None:
    """Do all tasks in this process, one after the other; a failed task fails those that need it and no others.

    Parameters
    ----------
    tasks : each after those it needs.
    work : what a task's worker must know.
    tell : told of every change.

    Raises
    ------
    Interrupted
        When the user stops the sweep.
    """
    causes: dict[str, str] = {}
    for task in by_urgency(tasks):
        cause = next((causes[need] for need in task.needs if need in causes), "")
        if not cause:
            tell(Change(task, "started"))
            cause = _attempt(task, work(task), tell)
        if cause:
            causes[task.key] = cause
        tell(Change(task, "failed", {"cause": cause}) if cause else Change(task, "finished"))


def _attempt(task: Task, work: Work, tell: Tell) -> str:
    """Do a task; what went wrong in words, or nothing."""

    def listen(event: str, facts: Mapping[str, Any]) -> None:
        if event == "progress":
            tell(Change(task, "progress", facts))

    try:
        perform(work, listen)
    except Interrupted:
        raise
    except Exception as error:  # whatever stops one run must not stop the others
        return str(error) or type(error).__name__
    return ""
