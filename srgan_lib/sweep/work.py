"""Do one task of a sweep in one process: on this machine or on a worker of a cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

from srgan_lib.errors import SrganError
from srgan_lib.pipeline.execution import execute
from srgan_lib.pipeline.notebook_execution import OnEvent
from srgan_lib.pipeline.planning import Plan, plan_run
from srgan_lib.pipeline.provenance import Components
from srgan_lib.pipeline.run import Run
from srgan_lib.sweep.planning import StageTask


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
