"""Proving that a run repeats: compute it again and compare every file that must be the same."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from srgan_lib.errors import SrganError
from srgan_lib.files import load_json, read_json
from srgan_lib.layout import STAGES
from srgan_lib.params import Params
from srgan_lib.pipeline import provenance
from srgan_lib.pipeline.execution import execute
from srgan_lib.pipeline.kernels import OnEvent
from srgan_lib.pipeline.planning import plan_run
from srgan_lib.pipeline.run import Run
from srgan_lib.pipeline.snapshot import Snapshot


class NotReproducible(SrganError):
    """A file came out different: the message names the first one."""


#: Files that hold measured times and memory, which no two runs share.
TIMED = frozenset({"speed.json"})


def verify_run(run: Run, on_event: OnEvent) -> int:
    """Execute a finished run again without reuse, in a scratch folder inside it, and compare.

    Returns
    -------
    int
        How many files were byte for byte the same (all of them).

    Raises
    ------
    NotReproducible
        Naming the first file that differs, in the order of the stages; the scratch folder then stays. Before anything
        runs, naming a file of the user's own code that has changed since.
    """
    _check_own_code(run.directory, run.params)
    again = replace(run, directory=run.directory / ".verify" / run.directory.name)
    run_dir, scratch = run.directory, again.directory
    shutil.rmtree(scratch.parent, ignore_errors=True)
    execute(plan_run(again, reuse=False), again, on_event)
    count = 0
    for stage in STAGES:
        before, after = (load_json(folder / stage / "manifest.json")["outputs"] for folder in (run_dir, scratch))
        for name in sorted(before.keys() | after.keys()):
            if Path(name).name in TIMED:
                continue
            if before.get(name) != after.get(name):
                where = "only in one of the two" if not (name in before and name in after) else "different"
                raise NotReproducible(
                    f"{stage}/{name} is {where}: compare {run_dir / stage / name} with {scratch / stage / name}"
                )
            count += 1
    shutil.rmtree(scratch.parent)
    return count


def _check_own_code(run_dir: Path, params: Params) -> None:
    """Check that files of the user's own code are those that the run was made with."""
    for stage in STAGES:
        manifest = read_json(run_dir / stage / "manifest.json") or {}
        recorded = manifest["components"]["environment"]
        for file in provenance.own_files(stage, params):
            if recorded.get(f"code {file.name}") != provenance.own_code([file], Snapshot())[f"code {file.name}"]:
                raise NotReproducible(
                    f"{file} is not what the run was made with, which is kept in {run_dir / stage / 'code' / file.name}; "
                    "put that one in its place first"
                )
