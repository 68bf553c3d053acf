"""What several commands share: options, the run that they describe, and the optional packages that they need."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srgan_lib.errors import PackageMissing
from srgan_lib.layout import LayoutError, project_root
from srgan_report.params_file import read
from srgan_report.project import find, run_folder

if TYPE_CHECKING:
    from srgan_report.pipeline.run import Run

#: Whose numbers ``--quick`` does not exceed, in the project.
QUICK = Path("params/overlays/quick.yaml")

Decorator = Callable[[Callable[..., None]], Callable[..., None]]
PATH = click.Path(path_type=Path)


def _seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """Read a duration such as ``90s``, ``10m`` or ``1h30m``, in seconds."""
    found = re.fullmatch(r"(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?", text or "")
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    if text is not None and not hours + minutes + seconds:
        raise click.BadParameter(f"{text!r} is no duration; write hours, minutes and seconds as 90s, 10m or 1h30m")
    return 3600.0 * hours + 60 * minutes + seconds or None


def code_option(weights: str) -> Decorator:
    """Build the option ``--code`` of a command whose option or argument ``weights`` names a network's file."""
    text = f"The file with your own network's class, where {weights} holds its weights; the code in it runs."
    return click.option("--code", type=PATH, metavar="FILE", help=text)


overrides_option: Decorator = click.option(
    "-p",
    "overrides",
    multiple=True,
    metavar="STAGE.NAME=VALUE",
    help="Change a parameter; repeatable. NAME=VALUE changes it in every stage that has it.",
)
overlays_option: Decorator = click.option(
    "--overlay", "overlays", multiple=True, type=PATH, help="A params file merged over the one named; repeatable."
)
budget_option: Decorator = click.option(
    "--budget",
    callback=_seconds,
    metavar="TIME",
    help="End after about this time, such as 10m or 1h30m: the steps of the trainings, in the proportion of the "
    "parameters', are planned from the speed that is measured first.",
)
results_option: Decorator = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of all runs; default: results/ of the project.",
)
#: By extra, the modules of its packages without which its commands fail.
EXTRAS = {
    "report": ("bs4", "ipykernel", "matplotlib", "mistune", "nbconvert", "papermill", "pypandoc", "seaborn", "typst"),
    "onnx": ("onnx",),
    "spandrel": ("spandrel",),
    "sweep": ("dask", "distributed"),
}


def _all_of(*options: Decorator) -> Decorator:
    """Add several options to a command, shown in this order."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


#: How much the report and the archive hold.
report_options = _all_of(
    click.option("--whole-images", is_flag=True, help="Let the report's viewer show whole images instead of crops."),
    click.option(
        "--archive-all",
        is_flag=True,
        help="Put all files into srgan_results.zip: whole images by every method, discriminator, checkpoints, figures.",
    ),
)
#: What a run computes and where its results go: the parameters of :func:`read_run`.
run_options = _all_of(
    click.argument("params_file", metavar="PARAMS", type=PATH, default="params/demo.yaml"),
    click.option("--run", "name", help="Name of the run; default: the params file's name."),
    overrides_option,
    overlays_option,
    click.option(
        "--quick", is_flag=True, help="A few steps and images only, to see that all of it runs; the method stays."
    ),
    results_option,
)


def read_run(
    params_file: Path,
    name: str | None,
    overrides: tuple[str, ...],
    overlays: tuple[Path, ...],
    quick: bool,
    results: Path | None,
) -> Run:
    """Read the run that :data:`run_options` describe; what was left to the machine is logged."""
    from srgan_report.pipeline.resolve_auto import resolve
    from srgan_report.pipeline.run import Run

    root, here = project_root(), Path.cwd()
    files = tuple(find(here, overlay) for overlay in overlays)
    asked = read(find(here, params_file), overrides, files, find(root, QUICK) if quick else None)
    directory = run_folder(results_root(results), params_file.stem if name is None else name)
    return Run(resolve(asked), asked, directory, root, this_command())


def results_root(asked: Path | None) -> Path:
    """Where all runs are: as asked for with ``--results``, or in the project."""
    return (asked or project_root() / "results").resolve()


def existing_run(run: str) -> Path:
    """Find the folder of a finished run by its name under ``results/`` or its path."""
    results = project_root() / "results"
    for folder in (Path(run), results / run):
        if (folder / "manifest.json").exists():
            return folder.resolve()
    there = sorted(p.parent.name for p in results.glob("*/manifest.json"))
    raise LayoutError(f"no finished run {run!r}; there are: {', '.join(there) or 'none yet (make report makes one)'}")


def this_command() -> str:
    """Return the command line as the user typed it, for the manifest, but for ``--check``, which makes nothing."""
    return f"srgan {shlex.join(word for word in sys.argv[1:] if word != '--check')}"


def require_extra(extra: str) -> None:
    """Check that the packages of an extra are installed."""
    missing = [module for module in EXTRAS[extra] if find_spec(module) is None]
    if missing:
        raise PackageMissing(f"{', '.join(missing)} not installed; run: pip install 'srgan-report[{extra}]'")
