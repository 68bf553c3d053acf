"""The command for many runs, ``srgan sweep``, its plan, and the live table of the runs while it runs."""

from __future__ import annotations

import csv
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Column, Table

from srgan_lib.downloads import offline
from srgan_lib.files import read_json
from srgan_lib.formatting import duration
from srgan_lib.layout import STAGES, TRAINING_STAGES, project_root
from srgan_report.cli import options
from srgan_report.cli.terminal import Terminal
from srgan_report.project import find

if TYPE_CHECKING:
    from srgan_report.sweep.execution import Outcome, PlannedSweep, TaskEvent

ACTIONS = {"run": "compute", "reuse": "reuse", "skip": "done"}
COLOURS = {"waiting": "dim", "running": "bold", "finished": "green", "failed": "red"}


@click.command()
@click.argument("sweep_file", metavar="FILE", type=options.PATH)
@click.option("--name", help="Name of the sweep's folder under results/sweeps/; default: the file's name.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Runs side by side on this machine; default: its GPUs, or its cores ÷ the runs' threads.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Use the Dask cluster that runs there, e.g. tcp://10.0.0.1:8786.")
@click.option("--max-runs", type=click.IntRange(1), default=1000, help="Refuse a sweep of more runs than this.")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the runs, what each will compute or reuse and what is to be downloaded; do nothing.",
)
@options.overrides_option
@options.overlays_option
@options.results_option
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
    options.require_extra("sweep")
    from srgan_report.pipeline.fetching import fetch
    from srgan_report.pipeline.foresight import foresee
    from srgan_report.sweep import cluster
    from srgan_report.sweep.definition import read_sweep
    from srgan_report.sweep.execution import plan_study
    from srgan_report.sweep.planning import plan_sweep

    root, here = project_root(), Path.cwd()
    source = read_sweep(find(here, sweep_file), overrides, tuple(find(here, overlay) for overlay in overlays))
    terminal = Terminal()
    with cluster.running_cluster(scheduler) if scheduler else nullcontext() as client:
        planner = cluster.planner(client) if client else plan_sweep
        plan = partial(plan_study, source, options.results_root(results), root, name, planner, max_runs=max_runs)
        study = plan(fetching=not offline())
        if dry_run:
            show_plan(study, terminal.console)
            terminal.missing(study.missing)
        if not client:  # a cluster has disks of its own
            foresee(study.plans)
        if dry_run:
            return
        if study.missing:
            fetch_there = cluster.fetcher(client) if client else fetch
            fetch_there(study.missing)
            study = study if offline() else plan()
        with study.lock():
            try:
                board = SweepProgress(study, terminal.console)
                with cluster.workers(study.planned, jobs, client) as executor, board.shown():
                    study.do(executor, board.emit)
            finally:
                _compare(study, terminal)
    if study.unfinished:
        sys.exit(1)


def _compare(study: PlannedSweep, terminal: Terminal) -> None:
    """Write the comparison of what is finished, and say what is not and why."""
    from srgan_report.sweep.report import compare_runs, write_records

    for outcome in study.unfinished:
        words = outcome.cause or "not finished; the same command continues"
        terminal.note(*f"{outcome.planned.run.name}: {words}".split("\n"))
    files = write_records(study, options.this_command())
    if study.finished:
        terminal.note("Making the comparison report")
        files += compare_runs(study.folder, study.root)
    terminal.note(f"Written: {', '.join(str(file) for file in files)}")


def show_plan(study: PlannedSweep, console: Console) -> None:
    """Print each run with what it will compute and what it will reuse, as plain lines."""
    width = max(len(run.name) for run in study.planned)
    counts: Counter[str] = Counter()
    console.print(f"{'run':<{width}}  {'  '.join(f'{stage:<11}' for stage in STAGES)}", soft_wrap=True)
    for planned in study.planned:
        actions = [planned.stages[stage].action for stage in STAGES]
        counts.update(actions)
        words = "  ".join(f"{ACTIONS[action]:<11}" for action in actions)
        console.print(f"{planned.run.name:<{width}}  {words}".rstrip(), soft_wrap=True, markup=False)
    console.print(
        f"{len(study.planned)} runs; stages: {counts['run']} to compute, {counts['reuse']} to reuse from another run, "
        f"{counts['skip']} done already",
        soft_wrap=True,
    )


class SweepProgress:
    """A live table of a sweep's runs, and a line for each that ends."""

    def __init__(self, study: PlannedSweep, console: Console) -> None:
        self._study = study
        self._console = console
        self._ended = 0
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def shown(self) -> AbstractContextManager[object]:
        """Keep the table at the end of a terminal; elsewhere there are the lines alone."""
        live = Live(console=self._console, get_renderable=self._table, refresh_per_second=2, transient=True)
        return live if self._console.is_terminal else nullcontext()

    def emit(self, event: TaskEvent) -> None:
        """Show a change; the table draws itself from the outcomes."""
        if event.task.stage is not None or event.kind not in ("finished", "failed"):
            return
        outcome = self._study.outcomes[event.task.planned.name]
        words = self._measure(outcome) if event.kind == "finished" else escape(outcome.cause.splitlines()[0])
        state = f"[{COLOURS[event.kind]}]{event.kind}[/]"
        with self._lock:
            self._ended += 1
            count = f"({self._ended} of {len(self._study.outcomes)}{self._left()})"
            self._console.print(f"{escape(outcome.planned.run.name)}: {state} {count} {words}", soft_wrap=True)

    def _table(self) -> Table:
        """Draw the runs that are running or failed, and as many of the others as fit."""
        outcomes = list(self._study.outcomes.values())
        order = {"running": 0, "failed": 1, "waiting": 2, "finished": 3}
        shown = sorted(outcomes, key=lambda one: order[one.state])[: max(3, self._console.height - 6)]
        counts = ", ".join(f"{sum(one.state == state for one in outcomes)} {state}" for state in order)
        labels = _differing([*self._study.outcomes])
        table = Table("state", "stage", "progress", "best so far")
        table.columns.insert(0, Column("run", overflow="fold", min_width=min(24, max(map(len, labels.values())))))
        table.caption = f"{counts}; {duration(time.monotonic() - self._began)}{self._left()}"
        for one in shown:
            state = f"[{COLOURS[one.state]}]{one.state}[/]"
            told = [f"{now['label']} {now['step']}/{now['total']}" for now in one.running.values() if now.get("total")]
            texts = (
                ", ".join(STAGES[what].title if what in STAGES else what for what in one.running),
                ", ".join(told),
                self._measure(one),
            )
            table.add_row(escape(labels[one.planned.run.name]), state, *texts)
        return table

    def _left(self) -> str:
        """About how long the runs take that have not ended, at the pace of those that have; empty before the first."""
        left = len(self._study.outcomes) - self._ended
        if not self._ended or not left:
            return ""
        return f", about {duration((time.monotonic() - self._began) / self._ended * left)} left"

    def _measure(self, outcome: Outcome) -> str:
        """The best PSNR on the validation images so far; of a finished run, its figures on the test images."""
        from srgan_lib.metrics.measure import METRICS

        folder = outcome.planned.directory
        summary = (read_json(folder / "evaluation" / "manifest.json") or {}).get("summary", {})
        method = self._study.source.method
        figures = {name.removeprefix(f"{method}_"): value for name, value in summary.items() if name.startswith(method)}
        if outcome.state == "finished" and figures:
            return ", ".join(f"{METRICS[name].label} {METRICS[name].phrase(value)}" for name, value in figures.items())
        for stage in reversed(TRAINING_STAGES):
            if best := _best_psnr(folder / stage / "validation.csv"):
                return f"{STAGES[stage].title}: {best:.2f} dB"
        return ""


def _differing(names: Sequence[str]) -> dict[str, str]:
    """Shorten runs' names to the parts, such as ``seed-0``, that not all of them have."""
    parts = {name: re.split(r"\.(?=[A-Za-z])", name) for name in names}
    common = set.intersection(*map(set, parts.values()))
    return {name: ".".join(part for part in parts[name] if part not in common) or name for name in names}


def _best_psnr(path: Path) -> float | None:
    """Read the highest ``psnr_y`` of a ``validation.csv``, which may be growing."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return max((float(row["psnr_y"]) for row in csv.DictReader(file) if row.get("psnr_y")), default=None)
    except FileNotFoundError:
        return None
