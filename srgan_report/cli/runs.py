"""Commands for single runs: download what one reads, compute it, train its networks, report, verify; its parameters."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from srgan_lib.downloads import offline
from srgan_lib.layout import DEMO, STAGES, TRAINING_STAGES, project_root
from srgan_lib.params import Params
from srgan_report import params_file
from srgan_report.cli import options
from srgan_report.cli.terminal import Terminal, print_table, say
from srgan_report.project import find, write_project


@click.command()
@click.argument("folder", metavar="[FOLDER]", type=options.PATH, default=".")
def init(folder: Path) -> None:
    """Copy the notebooks and params files into FOLDER (this one), to be edited: the commands then take those."""
    for written in write_project(folder):
        say(f"Written: {written}")


@click.command()
@options.run_options
@click.option(
    "--from", "from_stage", type=click.Choice(list(STAGES)), help="Compute this stage and all after it, changed or not."
)
@click.option("--no-reuse", is_flag=True, help="Compute every stage, whatever is there.")
@click.option(
    "--check", is_flag=True, help="Read every result file before it is used, even if its times have not changed."
)
@click.option("--dry-run", is_flag=True, help="Print what each stage will do and what is to be downloaded; do nothing.")
@options.budget_option
@options.report_options
def run(
    from_stage: str | None,
    no_reuse: bool,
    check: bool,
    dry_run: bool,
    budget: float | None,
    whole_images: bool,
    archive_all: bool,
    **described: Any,
) -> None:
    """Run the five notebooks with PARAMS and make the report."""
    from srgan_report.pipeline.budget import Budget, execute_within
    from srgan_report.pipeline.fetching import fetch
    from srgan_report.pipeline.foresight import foresee
    from srgan_report.pipeline.planning import all_missing, plan_run

    limit = Budget(budget) if budget else None
    terminal = Terminal()
    this = options.read_run(**described)
    plan = partial(plan_run, from_stage=from_stage, reuse=not no_reuse, check=check)
    plans = plan((limit and limit.recorded(this)) or this, fetching=not offline())
    missing = all_missing(plans)
    if dry_run:
        for one in plans:
            terminal.on_event("planned", one.told)
        terminal.missing(missing)
    foresee(plans)
    if dry_run:
        return
    options.require_extra("report")
    from srgan_report.pipeline.assemble import assemble  # matplotlib and papermill: not for planning
    from srgan_report.pipeline.execution import execute, only_here

    if missing:
        if fetch(missing):
            this = options.read_run(**described)  # ``available`` may mean what has arrived
        plans = plan(this)
        limit = Budget(budget) if budget else None  # downloads do not count
    with only_here(this), terminal:
        if limit:
            this = execute_within(limit, this, plan, terminal.on_event, terminal.note)
        else:
            execute(plans, this, terminal.on_event)
        terminal.note("Making the report")
        changed = assemble(this, whole_images=whole_images, archive_all=archive_all, check=check)
        terminal.note(f"Report {'written' if changed else 'up to date'}: {this.directory / 'report.html'}")


@click.command()
@options.run_options
@click.option("--until", type=click.Choice(TRAINING_STAGES), default="adversarial", help="The last stage to train.")
@click.option("--processes", type=click.IntRange(1), help="Train in so many processes: a GPU each, or sharing the CPU.")
@options.budget_option
def train(
    until: str, processes: int | None, budget: float | None, overrides: tuple[str, ...], **described: Any
) -> None:
    """Train the networks of PARAMS, without judging them: srgan run goes on from there."""
    options.require_extra("report")
    from srgan_report.pipeline.budget import Budget, execute_within
    from srgan_report.pipeline.execution import execute, only_here
    from srgan_report.pipeline.fetching import fetch
    from srgan_report.pipeline.foresight import foresee
    from srgan_report.pipeline.planning import all_missing, plan_run

    if processes:
        overrides = (*overrides, f"shared.processes={processes}")
    terminal = Terminal()
    this = options.read_run(overrides=overrides, **described)
    # All stages are planned: training must not see the test sets, so they are fetched too. The scores' weights are not.
    plans = plan_run(this)
    if required := [one for one in all_missing(plans) if one.required]:
        fetch(required)
        this = options.read_run(overrides=overrides, **described)
        plans = plan_run(this)
    wanted = list(STAGES)[: list(STAGES).index(until) + 1]
    plans = [one for one in plans if one.stage.name in wanted]
    foresee(plans)
    with only_here(this), terminal:
        if budget:
            execute_within(Budget(budget, until), this, plan_run, terminal.on_event, terminal.note)
        else:
            execute(plans, this, terminal.on_event)


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--open", "open_it", is_flag=True, help="Open report.html in the browser.")
@options.report_options
def report(run: str, open_it: bool, whole_images: bool, archive_all: bool) -> None:
    """Make the report and the archive of RUN (a name under results/, or its folder) again from what is computed."""
    options.require_extra("report")
    from srgan_report.pipeline.assemble import assemble_again

    run_dir = options.existing_run(run)
    for path in assemble_again(run_dir, whole_images=whole_images, archive_all=archive_all):
        say(path)
    if open_it:
        click.launch(str(run_dir / "report.html"))


@click.command("export-lr")
@click.argument("run", metavar="RUN")
@click.argument("target", metavar="OUT", type=options.PATH)
def export_lr(run: str, target: Path) -> None:
    """Copy the LR test images of RUN into the folder OUT, for your own method to enlarge.

    OUT has a subfolder for each test set. Write the enlarged images under the same names into another folder; the
    command that is printed at the end then judges them with the others.
    """
    options.require_extra("report")
    from srgan_report.pipeline.assemble import export_lr as export
    from srgan_report.pipeline.manifests import read_manifest

    run_dir = options.existing_run(run)
    files = export(run_dir, target)
    command = (read_manifest(run_dir) or {}).get("command") or "srgan run …"
    say(f"{len(files)} LR images written to {target}")
    say(f"Judge your results, in a folder SR: {command} -p 'evaluation.methods={{Mine: SR}}'")


@click.command()
@click.argument("run", metavar="RUN")
def verify(run: str) -> None:
    """Read all files of RUN, compute it again without reuse, and compare every file that must be the same."""
    options.require_extra("report")
    from srgan_report.pipeline.run import Run
    from srgan_report.pipeline.verify import verify_run

    run_dir = options.existing_run(run)
    root = project_root(run_dir)
    recorded = Run.recorded(run_dir, project_root() if root == run_dir else root)
    with chdir(recorded.root), Terminal() as terminal:  # relative paths of its parameters are from there
        count = verify_run(recorded, terminal.on_event)
    say(f"Verified: {count} files came out byte for byte the same.", fg="green")


@click.command("params")
@click.argument("pattern", required=False)
def show_params(pattern: str | None) -> None:
    """Print every parameter with its default, bounds and meaning (those with PATTERN in their name; * and ? work)."""
    rows = params_file.described(pattern) if pattern else list(params_file.describe())
    print_table(("name", "default", "allowed", "meaning"), rows)


@click.command()
@click.argument("files", metavar="[PARAMS]...", nargs=-1, type=options.PATH)
@options.overrides_option
@options.overlays_option
def fetch(files: tuple[Path, ...], overrides: tuple[str, ...], overlays: tuple[Path, ...]) -> None:
    """Download the data and weights that runs with PARAMS read and this disk lacks.

    PARAMS are params files or sweep files; default: params/demo.yaml.
    """
    from srgan_lib.files import Snapshot
    from srgan_report.pipeline import fetching
    from srgan_report.pipeline.resolve_auto import resolve
    from srgan_report.sweep.definition import is_sweep, read_sweep
    from srgan_report.sweep.expansion import expand

    runs: list[Params] = []
    for file in (find(Path.cwd(), one) for one in files or (Path(DEMO),)):
        if is_sweep(file):
            runs += [one.params for one in expand(read_sweep(file, overrides, overlays))[1]]
        else:
            runs.append(params_file.read(file, overrides, overlays))
    snapshot = Snapshot()
    read = [(stage, params) for params in map(resolve, runs) for stage in STAGES]
    needed = [one for stage, params in read for one in fetching.missing_inputs(stage, params, snapshot)]
    missing = fetching.distinct(replace(one, required=True) for one in needed)
    terminal = Terminal()
    if missing:
        fetching.fetch(missing)
        terminal.note(f"Fetched: {', '.join(one.title for one in missing)}")
    else:
        terminal.note("Nothing to download: all data and weights are on this disk")
