"""Carry out a plan: compute stages by executing their notebooks, or copy them from another run."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from srgan_lib.files import load_json, read_json, write_json
from srgan_lib.layout import TRAINING_FILES
from srgan_lib.pipeline.fetching import InputMissing
from srgan_lib.pipeline.kernels import OnEvent, kernel_environment, watch_progress
from srgan_lib.pipeline.notebook_execution import StageFailed, execute_notebook
from srgan_lib.pipeline.planning import Plan, all_missing, decide_again
from srgan_lib.pipeline.prose import refresh_prose
from srgan_lib.pipeline.run import Run


def execute(plans: list[Plan], run: Run, on_event: OnEvent = lambda event, details: None) -> None:
    """Carry out the plan of a run: papermill executes the notebooks of the stages that are to run.

    Two processes that want the same stage at the same time do not both compute it: the second waits,
    then copies the first one's.

    Raises
    ------
    InputMissing
        Before anything is computed, when a stage reads data or weights that are not on this disk.
    StageFailed
        When a notebook raises. ``NN_name.failed.ipynb`` keeps its traceback; finished stages and
        checkpoints stay, so the same command continues there.
    DatasetError, FolderError, ParameterError
        Before a training whose networks could not be judged: a test set cannot be had, or is trained on; another
        method's folder lacks an image; a published source is unknown.
    Interrupted
        When the user stops the run.
    """
    from filelock import FileLock

    unknown = [plan for plan in plans if plan.components.unknown]
    if unknown:
        raise InputMissing(all_missing(unknown))
    locks = run.results / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    for plan in plans:
        on_event("planned", {"stage": plan.stage, "action": plan.action, "reason": plan.reason})
    first_training = next((plan for plan in plans if plan.action == "run" and plan.stage.trainer), None)
    for plan in plans:
        if plan is first_training:
            _check_judging(run)
        if plan.action == "skip":
            refresh_prose(run.executed_notebook(plan.stage.name), run.source_notebook(plan.stage.name))
            continue
        with FileLock(locks / f"{plan.fingerprint[:32]}.lock"):
            current = plan if plan.fresh else decide_again(plan, run)
            started = time.perf_counter()
            on_event("started", {"stage": plan.stage, "action": current.action})
            if current.action == "run":
                _compute_stage(current, run, on_event)
            elif current.action == "reuse":
                _copy_stage(current, run)
        on_event("finished", {"stage": plan.stage, "action": current.action, "seconds": time.perf_counter() - started})


def _check_judging(run: Run) -> None:
    from srgan_lib.data.split import read_split
    from srgan_lib.data.test_sets import check_test_sets
    from srgan_lib.evaluation.matching import match_test_sets
    from srgan_lib.evaluation.published import check_sources

    params = run.params
    check_sources(params.published)
    split = read_split(run.stage_directory("data") / "split.csv")
    images = check_test_sets(params.evaluation.test_sets, split, params.shared)
    for index in params.evaluation.methods.values():
        if not index.endswith(".safetensors"):
            match_test_sets(Path(index), images)


def _copy_stage(plan: Plan, run: Run) -> None:
    """Copy a finished stage from another run; the manifest comes last, as when it was computed."""
    assert plan.source is not None  # as of every plan to reuse
    target, manifest = run.stage_directory(plan.stage.name), plan.source / "manifest.json"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        plan.source, target, ignore=shutil.ignore_patterns("manifest.json", "checkpoints", "*.failed.ipynb")
    )
    write_json(target / "manifest.json", {**load_json(manifest), "reused_from": plan.source.parent.name})


def _clear(plan: Plan, folder: Path) -> None:
    """Make room for a stage: delete what an earlier one left, but for what its training can use."""
    finished = (folder / "manifest.json").exists()  # under another fingerprint: its states are of no more use
    kept = [] if plan.fresh or not plan.stage.trainer else [*TRAINING_FILES, *([] if finished else ["checkpoints"])]
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if any(path.match(pattern) for pattern in kept):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _compute_stage(plan: Plan, run: Run, on_event: OnEvent) -> None:
    """Execute a stage's notebook; the manifest that it leaves must be of what was planned."""
    info, folder = plan.stage, run.stage_directory(plan.stage.name)
    _clear(plan, folder)
    with watch_progress(folder / "progress.json", info, on_event), kernel_environment(run.params.shared.threads):
        execute_notebook(
            run.source_notebook(info.name),
            folder,
            {**run.params.stage(info.name), "run_dir": str(run.directory)},
            run.root,
        )
    if (read_json(folder / "manifest.json") or {}).get("fingerprint") != plan.fingerprint:
        raise StageFailed(
            f"{info.notebook}: it ended without a manifest for what was planned; was a library file or an image "
            "changed while it ran? The same command computes it again.",
            notebook=info.notebook,
            path=folder,
        )
