"""The ``srgan`` command."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from srgan_lib import params_io
from srgan_lib.params import ParameterError, Params
from srgan_lib.pipeline.layout import STAGES, LayoutError, project_root, run_folder

# Errors that are the user's to mend: shown as one message, without a traceback.
USER_ERRORS = (ParameterError, LayoutError, ValueError, OSError, RuntimeError)


class _Commands(click.Group):
    """Turns errors into one clear message and exit code 1, Ctrl-C into exit code 130."""

    def invoke(self, ctx: click.Context) -> Any:
        from srgan_lib.pipeline.runner import Interrupted

        try:
            return super().invoke(ctx)
        except click.exceptions.Exit:  # --help and the like: click's own way out, a RuntimeError by birth
            raise
        except (KeyboardInterrupt, Interrupted) as error:
            click.secho(
                f"Interrupted: {str(error) or 'nothing computed so far is lost; the same command continues'}",
                fg="yellow",
                err=True,
            )
            sys.exit(130)
        except USER_ERRORS as error:
            if isinstance(error, OSError) and error.errno == 28:
                where = error.filename or "while writing"
                error = f"the disk is full ({where}); free some space, then the same command continues"
            click.secho("Error: ", fg="red", bold=True, nl=False, err=True)
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="srgan-report")
def main() -> None:
    """Turn photographs into a complete super-resolution study."""


def _experiment(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments that say what is to be computed, and where the results go."""
    for option in reversed(
        (
            click.argument(
                "params_file", metavar="PARAMS", type=click.Path(path_type=Path), default="params/demo.yaml"
            ),
            click.option("--run", "name", help="Name of the run; default: the params file's name."),
            click.option(
                "-p",
                "overrides",
                multiple=True,
                metavar="STAGE.NAME=VALUE",
                help="Change a parameter; repeatable. NAME=VALUE changes it in every stage that has it.",
            ),
            click.option(
                "--overlay",
                "overlays",
                multiple=True,
                type=click.Path(path_type=Path),
                help="A params file merged over PARAMS; repeatable.",
            ),
            click.option(
                "--results",
                type=click.Path(path_type=Path, file_okay=False),
                help="Folder of all runs; default: results/ of the project.",
            ),
        )
    ):
        command = option(command)
    return command


@main.command()
@_experiment
@click.option(
    "--from", "from_stage", type=click.Choice(list(STAGES)), help="Compute this stage and all after it, changed or not."
)
@click.option("--no-reuse", is_flag=True, help="Compute every stage, whatever is there.")
@click.option(
    "--pdf-engine",
    type=click.Choice(["typst", "chromium"]),
    default="typst",
    show_default=True,
    help="What sets report.pdf.",
)
def run(
    params_file: Path,
    name: str | None,
    overrides: tuple[str, ...],
    overlays: tuple[Path, ...],
    from_stage: str | None,
    no_reuse: bool,
    results: Path | None,
    pdf_engine: str,
) -> None:
    """Run the five notebooks with PARAMS and make the report."""
    from srgan_lib.pipeline.resolve import fetch_judges, resolve
    from srgan_lib.pipeline.runner import execute, plan_run
    from srgan_lib.terminal import Terminal

    asked = params_io.read(params_file, overrides, overlays)
    root = project_root()
    run_dir = run_folder((results or root / "results").resolve(), name or params_file.stem)
    terminal = Terminal()
    resolved = resolve(asked, terminal.note)
    fetch_judges(resolved, terminal.download, terminal.note)
    with terminal:
        plans = plan_run(resolved, run_dir, root, from_stage=from_stage, reuse=not no_reuse)
        execute(plans, resolved, run_dir, root, terminal.listen)
        _assemble(run_dir, resolved, asked, root, pdf_engine, terminal)


@main.command()
@click.argument("sweep_file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the sweep's folder under results/sweeps/; default: the file's name.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Runs side by side on this machine; default: its GPUs, or its cores ÷ the runs' threads.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Use the Dask cluster that runs there, e.g. tcp://10.0.0.1:8786.")
@click.option("--dry-run", is_flag=True, help="Print the runs and what each will compute or reuse; compute nothing.")
@click.option(
    "-p", "overrides", multiple=True, metavar="STAGE.NAME=VALUE", help="Change a parameter of all runs; repeatable."
)
@click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A params file merged over the base of all runs; repeatable.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of all runs; default: results/ of the project.",
)
def sweep(
    sweep_file: Path,
    name: str | None,
    jobs: int | None,
    scheduler: str | None,
    dry_run: bool,
    overrides: tuple[str, ...],
    overlays: tuple[Path, ...],
    results: Path | None,
) -> None:
    """Run all combinations that FILE names, compute once what they share, and compare them in one report."""
    from srgan_lib.board import Board, show_plan
    from srgan_lib.pipeline.resolve import fetch_judges
    from srgan_lib.pipeline.sweep import cluster
    from srgan_lib.pipeline.sweep.definition import read_sweep
    from srgan_lib.pipeline.sweep.planning import plan_sweep
    from srgan_lib.pipeline.sweep.study import plan_study
    from srgan_lib.terminal import Terminal

    root = project_root()
    source = read_sweep(sweep_file, overrides, overlays)
    terminal = Terminal()
    with cluster.running_cluster(scheduler) if scheduler else nullcontext() as client:
        planner = cluster.planner(client) if client else partial(plan_sweep, on_message=terminal.note)
        study = plan_study(source, (results or root / "results").resolve(), root, name, planner)
        if dry_run:
            show_plan(study, terminal.console)
            return
        fetch_judges(study.planned[0].params, terminal.download, terminal.note)
        try:
            with cluster.workers(study.planned, jobs, client, terminal.note) as executor:
                with Board(study, terminal.console) as board:
                    study.do(executor, board.tell)
        finally:
            _compare(study, terminal)
    if study.unfinished:
        sys.exit(1)


@main.command()
@_experiment
@click.option(
    "--until",
    type=click.Choice([name for name, stage in STAGES.items() if stage.trainer]),
    default="adversarial",
    show_default=True,
    help="The last stage to train.",
)
@click.option("--processes", type=click.IntRange(1), help="Train in so many processes: a GPU each, or sharing the CPU.")
def train(
    params_file: Path,
    name: str | None,
    overrides: tuple[str, ...],
    overlays: tuple[Path, ...],
    results: Path | None,
    until: str,
    processes: int | None,
) -> None:
    """Train the networks of PARAMS, without judging them: srgan run goes on from there."""
    from srgan_lib.pipeline.resolve import resolve
    from srgan_lib.pipeline.runner import execute, plan_run
    from srgan_lib.terminal import Terminal

    if processes:
        overrides = (*overrides, f"shared.processes={processes}")
    asked = params_io.read(params_file, overrides, overlays)
    root = project_root()
    run_dir = run_folder((results or root / "results").resolve(), name or params_file.stem)
    terminal = Terminal()
    resolved = resolve(asked, terminal.note)
    with terminal:
        execute(plan_run(resolved, run_dir, root, until=until), resolved, run_dir, root, terminal.listen)


@main.command()
@click.argument("run", metavar="RUN")
@click.option("--open", "open_it", is_flag=True, help="Open report.html in the browser.")
@click.option(
    "--pdf-engine",
    type=click.Choice(["typst", "chromium"]),
    default="typst",
    show_default=True,
    help="What sets report.pdf.",
)
def report(run: str, open_it: bool, pdf_engine: str) -> None:
    """Make the report of RUN (a name under results/, or a run's folder) again from what is computed."""
    from srgan_lib.pipeline.report import build_report

    run_dir = _existing_run(run)
    for path in build_report(run_dir, pdf_engine=pdf_engine):
        click.echo(path)
    if open_it:
        click.launch(str(run_dir / "report.html"))


@main.command("params")
@click.argument("pattern", required=False)
def show_params(pattern: str | None) -> None:
    """Print every parameter with its default, bounds and meaning (those whose name holds PATTERN)."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "default", "allowed", "meaning", show_lines=False)
    for row in params_io.describe():
        if not pattern or pattern in row[0]:
            table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 180).print(table)


@main.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Choice(["srgan", "srresnet", "srcnn"]),
    default="srgan",
    show_default=True,
    help="A model that comes with the package, ×4: srgan looks natural, srresnet is faithful.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    metavar="F",
    help="Your own network's weights instead, e.g. results/demo/adversarial/generator.safetensors.",
)
@click.option(
    "--tile",
    default=192,
    show_default=True,
    type=click.IntRange(32),
    help="LR pixels per tile side; bounds the memory.",
)
@click.option(
    "--self-ensemble", is_flag=True, help="Average eight flips and turns: a little better, eight times slower."
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
def upscale(
    source: Path, target: Path, model: str, checkpoint: Path | None, tile: int, self_ensemble: bool, force: bool
) -> None:
    """Enlarge an image, or all images of a folder, into PNG files."""
    from srgan_lib.evaluation.upscale import upscale_file, upscale_folder
    from srgan_lib.params import Params
    from srgan_lib.pipeline.resolve import resolve
    from srgan_lib.terminal import Terminal
    from srgan_lib.training.checkpoint import load_model
    from srgan_lib.weights import shipped_models

    shared = resolve(Params()).shared
    network, _ = load_model(checkpoint or shipped_models()[model])
    how = {"tile": tile, "device": shared.device, "dtype": shared.dtype, "self_ensemble": self_ensemble, "force": force}
    if not source.exists():
        raise FileNotFoundError(f"{source}: no such file or folder")
    with Terminal() as terminal:
        progress = terminal.counter(f"Enlarging {source.name}")
        if source.is_dir():
            upscale_folder(network, source, target, on_progress=progress, on_warning=terminal.note, **how)
        else:
            upscale_file(network, source, target, on_progress=progress, **how)
        terminal.note(f"Written: {target}")


@main.command()
@click.option("--check", is_flag=True, help="Judge them on the built-in photographs and compare with their figures.")
def models(check: bool) -> None:
    """List the models that come with the package, with their figures on the built-in held-out photographs."""
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from srgan_lib.weights import FIGURES, FOLDER, shipped_models

    if not check:
        figures = pd.read_csv(FOLDER / FIGURES, index_col="model", dtype=str)
        table = Table("model", *figures.columns, "weights and model card")
        for name, path in shipped_models().items():
            table.add_row(name, *figures.loc[name], f"{path.parent}/{path.stem}.*")
        Console(width=None if sys.stdout.isatty() else 180).print(table)
        return
    from srgan_lib.pipeline.reference import check_models
    from srgan_lib.terminal import Terminal

    with Terminal() as terminal:
        found = check_models(on_step=terminal.counter("Judging"), on_warning=terminal.note)
    for row in found.itertuples():
        click.echo(f"{row.model:9} {row.metric:11} shipped {row.shipped:.4f}  measured {row.measured:.4f}")
    wrong = found[~found.agrees & found.measured.notna()]
    if len(wrong):
        names = ", ".join(wrong.model.unique())
        raise click.ClickException(
            f"{names}: not the figures that these weights are shipped with; install the package again"
        )


@main.command()
@click.option("--hr", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The true images.")
@click.option(
    "--sr",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Any method's output, of the same names.",
)
@click.option(
    "--scale",
    default=4,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Enlargement factor: the border not judged.",
)
@click.option(
    "--csv",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the figures of each image here.",
)
def evaluate(hr: Path, sr: Path, scale: int, target: Path | None) -> None:
    """Measure images against the true ones: PSNR and SSIM on Y, LPIPS where its backbone is on this disk."""
    from srgan_lib.evaluation.folders import evaluate_folders
    from srgan_lib.files import write_atomic
    from srgan_lib.terminal import Terminal

    with Terminal() as terminal:
        frame = evaluate_folders(
            hr, sr, border=scale, on_progress=terminal.counter("Measuring"), on_warning=terminal.note
        )
        terminal.frame(frame)
    if target:
        write_atomic(target, frame.to_csv(index=False))


@main.command()
@click.argument("run", metavar="RUN")
def verify(run: str) -> None:
    """Compute RUN again without reuse and compare every file that must come out the same."""
    from srgan_lib.pipeline.verify import verify_run
    from srgan_lib.terminal import Terminal

    with Terminal() as terminal:
        count = verify_run(_existing_run(run), project_root(), terminal.listen)
    click.secho(f"Verified: {count} files came out byte for byte the same.", fg="green")


def _compare(study: Any, terminal: Any) -> None:
    """Write the comparison of what is finished, and say what is not and why."""
    from srgan_lib.pipeline.sweep.report import build_comparison

    for outcome in study.unfinished:
        words = outcome.cause or "not finished; the same command continues"
        terminal.note(f"{outcome.planned.run.name}: {words}")
    if study.finished:
        terminal.note("Making the comparison report")
    files = build_comparison(study, f"srgan {shlex.join(sys.argv[1:])}")
    terminal.note(f"Written: {', '.join(str(file) for file in files)}")


def _existing_run(run: str) -> Path:
    for folder in (Path(run), project_root() / "results" / run):
        if (folder / "manifest.json").exists():
            return folder.resolve()
    results = project_root() / "results"
    there = sorted(p.parent.name for p in results.glob("*/manifest.json"))
    raise LayoutError(f"no finished run {run!r}; there are: {', '.join(there) or 'none yet (make report makes one)'}")


def _assemble(run_dir: Path, resolved: Params, asked: Params, root: Path, pdf_engine: str, terminal: Any) -> None:
    from srgan_lib.pipeline.assemble import assemble

    terminal.note("Making the report")
    changed = assemble(
        run_dir, resolved, asked, root, command=f"srgan {shlex.join(sys.argv[1:])}", pdf_engine=pdf_engine
    )
    terminal.note(f"Report {'written' if changed else 'up to date'}: {run_dir / 'report.html'}")


if __name__ == "__main__":
    main()
