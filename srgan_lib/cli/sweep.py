"""The command for many runs: ``srgan sweep``."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srgan_lib.cli.extras import require_extra
from srgan_lib.cli.options import overlays_option, overrides_option, results_option, results_root, this_command
from srgan_lib.cli.terminal import Terminal
from srgan_lib.downloads import offline
from srgan_lib.layout import require_project

if TYPE_CHECKING:
    from srgan_lib.sweep.execution import PlannedSweep


@click.command()
@click.argument("sweep_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the sweep's folder under results/sweeps/; default: the file's name.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Runs side by side on this machine; default: its GPUs, or its cores ÷ the runs' threads.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Use the Dask cluster that runs there, e.g. tcp://10.0.0.1:8786.")
@click.option(
    "--max-runs",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Refuse a sweep of more runs than this.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the runs, what each will compute or reuse and what is to be downloaded; do nothing.",
)
@overrides_option
@overlays_option
@results_option
def sweep(
    sweep_file: Path,
    name: str | None,
    jobs: int | None,
    scheduler: str | None,
    max_runs: int,
    dry_run: bool,
    overrides: tuple[str, ...],
    overlays: tuple[Path, ...],
    results: Path | None,
) -> None:
    """Run all combinations that FILE names, compute once what they share, and compare them in one report."""
    require_extra("sweep")
    from srgan_lib.cli.sweep_progress import SweepProgress, show_plan
    from srgan_lib.pipeline.fetching import fetch
    from srgan_lib.sweep import cluster
    from srgan_lib.sweep.definition import read_sweep
    from srgan_lib.sweep.execution import plan_study
    from srgan_lib.sweep.planning import plan_sweep

    root = require_project()
    source = read_sweep(sweep_file, overrides, overlays)
    terminal = Terminal()
    with cluster.running_cluster(scheduler) if scheduler else nullcontext() as client:
        planner = cluster.planner(client) if client else plan_sweep
        plan = partial(plan_study, source, results_root(results), root, name, planner, max_runs=max_runs)
        study = plan(fetching=not offline())
        if dry_run:
            show_plan(study, terminal.console)
            terminal.missing(study.missing)
            return
        if study.missing:
            fetch_there = cluster.fetcher(client) if client else fetch
            fetch_there(study.missing)
            study = study if offline() else plan()
        with study.lock():
            try:
                with cluster.workers(study.planned, jobs, client) as executor:
                    with SweepProgress(study, terminal.console) as board:
                        study.do(executor, board.emit)
            finally:
                _compare(study, terminal)
    if study.unfinished:
        sys.exit(1)


def _compare(study: PlannedSweep, terminal: Terminal) -> None:
    """Write the comparison of what is finished, and say what is not and why."""
    from srgan_lib.sweep.report import compare_runs, write_records

    for outcome in study.unfinished:
        words = outcome.cause or "not finished; the same command continues"
        terminal.note(f"{outcome.planned.run.name}: {words}")
    files = write_records(study, this_command())
    if study.finished:
        terminal.note("Making the comparison report")
        files += compare_runs(study.folder, study.root)
    terminal.note(f"Written: {', '.join(str(file) for file in files)}")
