"""The command that downloads: ``srgan fetch``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from srgan_lib.cli.options import overlays_option, overrides_option
from srgan_lib.cli.terminal import Terminal
from srgan_lib.layout import STAGES
from srgan_lib.params import Params, reading


@click.command()
@click.argument("files", metavar="[PARAMS]...", nargs=-1, type=click.Path(path_type=Path))
@overrides_option
@overlays_option
def fetch(files: tuple[Path, ...], overrides: tuple[str, ...], overlays: tuple[Path, ...]) -> None:
    """Download the data and weights that runs with PARAMS read and this disk lacks.

    PARAMS are params files or sweep files; default: params/demo.yaml.
    """
    from srgan_lib.files import Snapshot
    from srgan_lib.pipeline import fetching
    from srgan_lib.pipeline.resolve import resolve

    snapshot = Snapshot()
    runs = [params for file in files or (Path("params/demo.yaml"),) for params in _runs(file, overrides, overlays)]
    missing = fetching.distinct(
        replace(one, required=True)
        for params in map(resolve, runs)
        for stage in STAGES
        for one in fetching.missing_inputs(stage, params, snapshot)
    )
    terminal = Terminal()
    if missing:
        fetching.fetch(missing)
        terminal.note(f"Fetched: {', '.join(one.title for one in missing)}")
    else:
        terminal.note("Nothing to download: all data and weights are on this disk")


def _runs(file: Path, overrides: tuple[str, ...], overlays: tuple[Path, ...]) -> list[Params]:
    """Read the parameters of the run of a params file, or of all runs of a sweep file."""
    from srgan_lib.sweep.definition import is_sweep, read_sweep
    from srgan_lib.sweep.expansion import expand

    if is_sweep(file):
        return [run.params for run in expand(read_sweep(file, overrides, overlays))[1]]
    return [reading.read(file, overrides, overlays)]
