"""Carry out a plan: compute stages by executing their notebooks, or copy them from another run."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from srgan_lib.errors import SrganError
from srgan_lib.files import naming
from srgan_lib.layout import TRAINING_FILES, WRITTEN_ON_THE_WAY
from srgan_lib.params.evaluation import names_network
from srgan_report.pipeline.fetching import InputMissing
from srgan_report.pipeline.foresight import foresee
from srgan_report.pipeline.manifests import NAME, compare, file_hashes, read_manifest, record_notebook, write_manifest
from srgan_report.pipeline.notebook_execution import (
    OnEvent,
    StageFailed,
    execute_notebook,
    refresh_prose,
    watch_progress,
)
from srgan_report.pipeline.planning import Plan, all_missing, decide_again
from srgan_report.pipeline.run import Run
from srgan_report.project import make_results

logger = logging.getLogger(__name__)


class RunInUse(SrganError):
    """Another process is working on the run."""


def execute(plans: list[Plan], run: Run, on_event: OnEvent = lambda event, details: None) -> None:
    """Carry out the plan of a run: papermill executes the notebooks of the stages that are to run.

    Two processes that want the same stage at the same time do not both compute it: the second waits,
    then copies the first one's.

    Before anything is computed, ``InputMissing`` names data or weights that a stage reads and this disk lacks, and
    other errors are as of :func:`.foresee`; before a training whose networks could not be judged, and before a judging,
    they name a test set that is trained on, or an unknown published source. ``StageFailed`` and ``Interrupted`` are as
    of :func:`execute_notebook`; finished stages and checkpoints stay, so the same command continues there.
    """
    from filelock import FileLock

    unknown = [plan for plan in plans if plan.components.unknown]
    if unknown:
        raise InputMissing(all_missing(unknown))
    foresee(plans)
    locks = _locks(run)
    for plan in plans:
        on_event("planned", plan.told)
    first_judged = next((plan for plan in plans if plan.action == "run" and plan.stage.upstream), None)
    for plan in plans:
        if plan is first_judged:
            _check_judging(run)
        if plan.action == "skip":
            _keep_up_to_date(plan)
            continue
        with FileLock(locks / f"{plan.fingerprint[:32]}.lock"):
            current = plan if plan.fresh else decide_again(plan)
            started = time.perf_counter()
            on_event("started", current.told)
            if current.action == "run":
                _compute_stage(current, on_event)
            elif current.action == "reuse":
                _copy_stage(current)
        on_event("finished", {**current.told, "seconds": time.perf_counter() - started})


def only_here(run: Run) -> AbstractContextManager[object]:
    """Keep other processes from working on this run meanwhile; if one does already, RunInUse is all that happens."""
    from filelock import FileLock, Timeout

    try:
        return FileLock(_locks(run) / f"run-{run.directory.name}.lock").acquire(timeout=0)
    except Timeout:
        problem = f"another process is working on this run ({run.directory})"
        raise RunInUse(f"{problem}; wait for it, or give another name with --run", path=run.directory) from None


def _locks(run: Run) -> Path:
    """Make the folder with the locks of all runs."""
    make_results(run.results)
    locks = run.results / ".locks"
    locks.mkdir(exist_ok=True)
    return locks


def _check_judging(run: Run) -> None:
    from srgan_lib.data.evaluation_sets import check_test_sets
    from srgan_lib.data.split import read_split
    from srgan_lib.evaluation.methods import match_test_sets
    from srgan_report.exhibits.published import check_sources

    params = run.params
    check_sources(params.published)
    split = read_split(run.directory / "data" / "split.csv")
    rows = check_test_sets(params.evaluation.test_sets, split, params.shared)
    images = {dataset: rows[dataset].image.tolist() for dataset in rows}
    for location in params.evaluation.methods.values():
        if not names_network(location):
            match_test_sets(Path(location), images)


def _keep_up_to_date(plan: Plan) -> None:
    """Bring the prose of a skipped stage's notebook up to date, and remember that its files were looked at."""
    run, stage = plan.run, plan.stage.name
    folder = run.directory / stage
    if refresh_prose(run.executed_notebook(stage), run.source_notebook(stage)):
        record_notebook(folder, plan.stage)
    elif manifest := read_manifest(folder):
        file_hashes(folder, manifest["outputs"], remember=True)


def _copy_stage(plan: Plan) -> None:
    """Copy what a finished stage of another run has written; the manifest comes last, as when it was computed."""
    assert plan.source is not None  # as of every plan to reuse
    target, manifest = plan.run.directory / plan.stage.name, read_manifest(plan.source)
    assert manifest is not None
    shutil.rmtree(target, ignore_errors=True)
    for name in manifest["outputs"]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        with naming(target / name):
            shutil.copy2(plan.source / name, target / name)
    write_manifest(target, {**manifest, "reused_from": plan.source.parent.name})


def _clear(plan: Plan, folder: Path) -> None:
    """Make room for a stage: delete what an earlier one left, but for what its training can use; its manifest last."""
    kept = [] if plan.fresh or not plan.stage.trainer else _kept_for_training(plan, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir(), key=lambda path: path.name == NAME):
        if _matches(path.name, kept):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _kept_for_training(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Name what a training can use of what an earlier one left.

    Files that are not as they were written are named in a warning; the training then resumes from its last checkpoint,
    if it writes them again on its way from there, or begins anew.
    """
    manifest = read_manifest(folder)
    if manifest is None:  # not finished
        return (*TRAINING_FILES, "checkpoints")
    found = compare(folder, manifest, check=plan.check, executed=False)
    for name in found.extra:
        (folder / name).unlink()
    damaged = [name for name in found.damaged if _matches(name, TRAINING_FILES)]
    if not damaged:
        return TRAINING_FILES  # states under another fingerprint are of no more use
    logger.warning("%s: %s; trained again", folder, found.damage())
    resumable = manifest["fingerprint"] == plan.fingerprint
    if resumable and not any(_matches(name, WRITTEN_ON_THE_WAY) for name in damaged):
        return (*WRITTEN_ON_THE_WAY, "checkpoints")
    return ()


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a file or folder, by its path inside a stage's folder, is one of those that patterns name."""
    return any(Path(Path(name).parts[0]).match(pattern) for pattern in patterns)


@contextmanager
def _earlier_results(folder: Path) -> Iterator[None]:
    """Keep what a finished stage has left until its new results are complete; where they fail, it is put back."""
    earlier = folder.with_name(f".{folder.name}.earlier")
    if earlier.exists() and not (folder / NAME).exists():  # the process that put it there was killed
        shutil.rmtree(folder, ignore_errors=True)
        earlier.rename(folder)
    shutil.rmtree(earlier, ignore_errors=True)
    if (folder / NAME).exists():
        folder.rename(earlier)
    try:
        yield
    except BaseException:
        if earlier.exists():
            for failed in folder.glob("*.failed.ipynb"):
                failed.replace(earlier / failed.name)
            shutil.rmtree(folder, ignore_errors=True)
            earlier.rename(folder)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _compute_stage(plan: Plan, on_event: OnEvent) -> None:
    """Execute a stage's notebook; the manifest that it leaves must be of what was planned."""
    run, info = plan.run, plan.stage
    folder = run.directory / info.name
    with nullcontext() if info.trainer else _earlier_results(folder):  # a training continues from what is there
        _clear(plan, folder)
        parameters = {**run.params.stage(info.name), "run_dir": str(run.directory)}
        with naming(folder), watch_progress(folder / "progress.json", info, on_event):
            execute_notebook(run.source_notebook(info.name), folder, parameters, run.root, run.params.shared.threads)
        if (read_manifest(folder) or {}).get("fingerprint") != plan.fingerprint:
            raise StageFailed(
                f"{info.notebook}: it ended without a manifest for what was planned; was a library file or an image "
                "changed while it ran? The same command computes it again.",
                path=folder,
            )
        record_notebook(folder, info)
