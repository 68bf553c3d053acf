"""Hold a sweep from its plan to its results: what is planned, what has become of each run, and one lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from srgan_lib.layout import make_results, run_folder
from srgan_lib.pipeline.fetching import Missing
from srgan_lib.pipeline.planning import all_missing
from srgan_lib.sweep.definition import Source
from srgan_lib.sweep.execution import Executor, OnTaskEvent, Outcome, SweepAborted, TaskEvent, Work, work_of
from srgan_lib.sweep.expansion import Factor, SweepRun, expand, single_command
from srgan_lib.sweep.planning import PlannedRun, StageTask, is_finished, tasks

#: Plans runs, given them, the sweep's folder, the project, and whether what is missing is fetched before computing.
Planner = Callable[[list[SweepRun], Path, Path, bool], list[PlannedRun]]


@dataclass
class PlannedSweep:
    """A planned sweep and what has become of its runs.

    Attributes
    ----------
    folder : of the sweep, which holds a folder for each run.
    factors : what is varied, but for the seed.
    outcomes : by the run's name.
    """

    source: Source
    folder: Path
    root: Path
    factors: list[Factor]
    outcomes: dict[str, Outcome]

    @property
    def title(self) -> str:
        """The title of the comparison report."""
        return self.source.definition.title or f"{self.source.path.stem.replace('_', ' ').capitalize()}: a comparison"

    @property
    def planned(self) -> list[PlannedRun]:
        """All runs in the order of the sweep file."""
        return [outcome.planned for outcome in self.outcomes.values()]

    @property
    def finished(self) -> list[PlannedRun]:
        """The runs that can be compared."""
        return [outcome.planned for outcome in self.outcomes.values() if outcome.state == "finished"]

    @property
    def missing(self) -> list[Missing]:
        """What the runs read and the disk lacked when they were planned; required is what no run can do without."""
        by_run = [{one.name for one in all_missing(run.stages.values()) if one.required} for run in self.planned]
        by_all = set.intersection(*by_run) if by_run else set()
        without = "the runs that need it will not be computed"
        return [
            replace(one, required=False, alternative=without) if one.required and one.name not in by_all else one
            for one in all_missing(plan for run in self.planned for plan in run.stages.values())
        ]

    @property
    def unfinished(self) -> list[Outcome]:
        """The runs that failed or were not begun."""
        return [outcome for outcome in self.outcomes.values() if outcome.state != "finished"]

    def command(self, run: SweepRun) -> str:
        """Write the command that computes one of the runs by itself."""
        return single_command(self.source, run, self.root)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from running this sweep meanwhile.

        Raises
        ------
        SweepAborted
            When one does already.
        """
        from filelock import FileLock, Timeout

        make_results(self.folder)
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise SweepAborted(
                f"another process is running this sweep ({self.folder}); wait for it or give a --name"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def do(self, executor: Executor, emit: OnTaskEvent) -> None:
        """Compute all that is missing, one task after the other or side by side.

        Raises
        ------
        SweepAborted
            When the workers are gone.
        Interrupted, KeyboardInterrupt
            When the user stops the sweep.
        """

        def update(event: TaskEvent) -> None:
            self.outcomes[event.task.planned.name].update(event)
            emit(event)

        executor(tasks(self.planned), self._work, update)

    def _work(self, task: StageTask) -> Work:
        return work_of(task, self.command(task.planned.run))


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
    """Check every run of a sweep and plan it; nothing is computed.

    Parameters
    ----------
    results : folder of all runs.
    name : of the sweep's folder; default: that of its file.
    planner : makes the plan here, or where the runs will be computed.
    max_runs : refuse more runs than this.
    fetching : whether what is missing is fetched before computing.
    """
    folder = run_folder(results / "sweeps", source.path.stem if name is None else name)
    factors, runs = expand(source, max_runs)
    planned = planner(runs, folder, root, fetching)
    outcomes = {run.name: Outcome(run, "finished" if is_finished(run) else "waiting") for run in planned}
    return PlannedSweep(source, folder, root, factors, outcomes)
