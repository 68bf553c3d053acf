"""Prove that a run repeats: its files are as it wrote them, and computed again they come out the same."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from srgan_lib.files import Snapshot
from srgan_lib.layout import STAGES
from srgan_report.pipeline import provenance
from srgan_report.pipeline.execution import execute
from srgan_report.pipeline.manifests import FilesDiffer, checked_stages, read_manifest
from srgan_report.pipeline.notebook_execution import OnEvent
from srgan_report.pipeline.planning import plan_run
from srgan_report.pipeline.run import Run

#: Files that hold measured times, which no two runs share.
TIMED = frozenset({"speed.json", "efficiency.csv"})


class NotReproducible(FilesDiffer):
    """Files came out different; ``files`` names them relative to the run's folder, in the order of the stages."""


def verify_run(run: Run, on_event: OnEvent) -> int:
    """Hash a finished run's files; then execute it again without reuse, in a scratch folder inside it, and compare.

    Returns how many files were byte for byte the same (all of them). Before anything runs, ``OutputsChanged`` names
    each file that is not as the run wrote it, and :class:`NotReproducible` a file of the user's own code that has
    changed since; afterwards the latter names each file that differs, and the scratch folder stays.
    """
    recorded = checked_stages(run.directory, check=True, whole=True)
    _check_own_code(run, recorded)
    scratch = run.directory / ".verify" / run.directory.name
    again = replace(run, directory=scratch)
    shutil.rmtree(scratch.parent, ignore_errors=True)
    execute(plan_run(again, reuse=False), again, on_event)
    before = _repeatable(recorded)
    after = _repeatable({stage: read_manifest(scratch / stage) or {"outputs": {}} for stage in STAGES})
    different = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    if different:
        lines = [f"{'different' if name in before and name in after else 'only in one'}: {name}" for name in different]
        raise NotReproducible(
            f"{len(different)} files came out different: compare {run.directory} with {scratch}\n" + "\n".join(lines),
            path=scratch,
            files=different,
        )
    shutil.rmtree(scratch.parent)
    return len(before)


def _repeatable(manifests: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Hashes of the files that are the same in every run: executed notebooks hold times, too."""
    return {
        f"{stage}/{name}": value
        for stage, manifest in manifests.items()
        for name, value in sorted(manifest["outputs"].items())
        if Path(name).name not in TIMED and not name.endswith(".ipynb")
    }


def _check_own_code(run: Run, manifests: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that files of the user's own code are those that the run was made with."""
    for stage, manifest in manifests.items():
        for file in provenance.own_files(stage, run.params):
            key = f"code {file.name}"
            if manifest["components"]["environment"].get(key) != provenance.own_code([file], Snapshot())[key]:
                kept = run.directory / stage / "code" / file.name
                raise NotReproducible(
                    f"{file} is not what the run was made with, kept in {kept}; put that one in its place first"
                )
