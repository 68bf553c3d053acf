"""Prove that a run repeats: its files are as it wrote them, and computed again they come out the same."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from srgan_lib.errors import SrganError
from srgan_lib.files import Snapshot
from srgan_lib.layout import STAGES
from srgan_lib.params import Params
from srgan_report.pipeline import provenance
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.manifests import OutputsChanged, compare, read_manifest
from srgan_report.pipeline.notebook_execution import OnEvent
from srgan_report.pipeline.planning import plan_run
from srgan_report.pipeline.run import Run


class NotReproducible(SrganError):
    """Files came out different.

    Attributes
    ----------
    files : their names, relative to the run's folder, in the order of the stages.
    """

    def __init__(self, message: str, *, path: Path | None = None, files: Sequence[str] = ()) -> None:
        super().__init__(message, path=path)
        self.files = list(files)


#: Files that hold measured times and memory, which no two runs share.
TIMED = frozenset({"speed.json"})


def verify_run(run: Run, on_event: OnEvent) -> int:
    """Hash a finished run's files; then execute it again without reuse, in a scratch folder inside it, and compare.

    Returns
    -------
    int
        How many files were byte for byte the same (all of them).

    Raises
    ------
    OutputsChanged
        Before anything runs, naming each file that is not as the run wrote it.
    NotReproducible
        Naming each file that differs, in the order of the stages; the scratch folder then stays. Before anything
        runs, naming a file of the user's own code that has changed since.
    """
    run_dir = run.directory
    folders = {**{f"{stage}/": run_dir / stage for stage in STAGES}, "": run_dir}
    found = {name: compare(folder, read_manifest(folder), check=True) for name, folder in folders.items()}
    if lines := [line for name, one in found.items() for line in one.lines(name)]:
        raise OutputsChanged(
            f"{run_dir}: {len(lines)} files are not as the run has written them; the command that started the run "
            "('srgan run …') computes again what is missing or changed:\n" + "\n".join(lines),
            path=run_dir,
            files=[line.partition(": ")[2] for line in lines],
        )
    _check_own_code(run_dir, run.params)
    again = replace(run, directory=run_dir / ".verify" / run_dir.name)
    scratch = again.directory
    shutil.rmtree(scratch.parent, ignore_errors=True)
    execute(plan_run(again, reuse=False), again, on_event)
    before, after = _repeatable(run_dir), _repeatable(scratch)
    different = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    if different:
        lines = [f"{'different' if name in before and name in after else 'only in one'}: {name}" for name in different]
        raise NotReproducible(
            f"{len(different)} files came out different: compare {run_dir} with {scratch}\n" + "\n".join(lines),
            path=scratch,
            files=different,
        )
    shutil.rmtree(scratch.parent)
    return len(before)


def _repeatable(run_dir: Path) -> dict[str, str]:
    """Hashes of the files that are the same in every run: executed notebooks hold times, too."""
    return {
        f"{stage}/{name}": value
        for stage in STAGES
        for name, value in sorted((read_manifest(run_dir / stage) or {"outputs": {}})["outputs"].items())
        if Path(name).name not in TIMED and not name.endswith(".ipynb")
    }


def _check_own_code(run_dir: Path, params: Params) -> None:
    """Check that files of the user's own code are those that the run was made with."""
    for stage in STAGES:
        recorded = (read_manifest(run_dir / stage) or {})["components"]["environment"]
        for file in provenance.own_files(stage, params):
            if recorded.get(f"code {file.name}") != provenance.own_code([file], Snapshot())[f"code {file.name}"]:
                raise NotReproducible(
                    f"{file} is not what the run was made with, which is kept in "
                    f"{run_dir / stage / 'code' / file.name}; put that one in its place first"
                )
