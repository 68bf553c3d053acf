"""Running the stages in order: what to compute, what to skip or reuse, and why."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from srgan_lib.files import read_json, write_atomic, write_json
from srgan_lib.layout import STAGES, TRAINING_FILES, StageInfo, results_folder
from srgan_lib.params import Params
from srgan_lib.pipeline import provenance
from srgan_lib.pipeline.kernels import OnEvent, kernel_environment, watch_progress
from srgan_lib.pipeline.notebook_execution import StageFailed, execute_notebook

Finished = Mapping[str, list[Path]]  # folders of finished stages by fingerprint


@dataclass(frozen=True)
class Plan:
    """What will happen to one stage, and why."""

    stage: StageInfo
    action: str  # "run", "skip" or "reuse"
    reason: str
    components: provenance.Components
    source: Path | None = None  # the folder to copy from (action "reuse")
    fresh: bool = False  # asked for: nothing that is there is used, not even checkpoints

    @property
    def fingerprint(self) -> str:
        """Of everything that decides the stage's results."""
        return self.components.fingerprint


def plan_run(
    params: Params,
    run_dir: Path,
    root: Path,
    *,
    from_stage: str | None = None,
    reuse: bool = True,
    until: str | None = None,
    finished: Finished | None = None,
) -> list[Plan]:
    """What a run would do to each stage; computes nothing, but downloads named sets that are not here yet.

    Parameters
    ----------
    params : resolved.
    run_dir : the run's folder; the other runs of its results folder are searched for stages to reuse.
    root : the project, whose ``notebooks/`` are executed.
    from_stage : compute this stage and all after it, changed or not.
    reuse : whether a stage may be skipped, or copied from another run.
    until : the last stage wanted; default: all.
    finished : where stages may be copied from, as :func:`finished_stages` finds them; default: it is asked.
    """
    if finished is None:
        finished = finished_stages(results_folder(run_dir)) if reuse else {}
    plans: list[Plan] = []
    fingerprints: dict[str, str] = {}
    forced = False
    for info in STAGES.values():
        forced = forced or info.name == from_stage
        notebook = root / "notebooks" / f"{info.notebook}.ipynb"
        components = provenance.stage_components(
            info.name, params, notebook, {s: fingerprints[s] for s in info.upstream}
        )
        fingerprints[info.name] = components.fingerprint
        plan = Plan(info, "run", "", components)
        plans.append(_decide(plan, run_dir, finished, forced=forced, reuse=reuse))
        if info.name == until:
            break
    return plans


def execute(
    plans: list[Plan],
    params: Params,
    run_dir: Path,
    root: Path,
    on_event: OnEvent = lambda event, details: None,
) -> None:
    """Carry out a plan: papermill executes the notebooks of the stages that are to run.

    Two processes that want the same stage at the same time do not both compute it: the second waits,
    then copies the first one's.

    Raises
    ------
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

    locks = results_folder(run_dir) / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    for plan in plans:
        on_event("planned", {"stage": plan.stage, "action": plan.action, "reason": plan.reason})
    first_training = next((plan for plan in plans if plan.action == "run" and plan.stage.trainer), None)
    for plan in plans:
        if plan is first_training:
            _check_judging(params, run_dir)
        if plan.action == "skip":
            refresh_prose(
                run_dir / plan.stage.name / f"{plan.stage.notebook}.ipynb",
                root / "notebooks" / f"{plan.stage.notebook}.ipynb",
            )
            continue
        with FileLock(locks / f"{plan.fingerprint[:32]}.lock"):
            current = plan if plan.fresh else _decide_again(plan, run_dir)
            started = time.perf_counter()
            on_event("started", {"stage": plan.stage, "action": current.action})
            if current.action == "run":
                _compute_stage(current, params, run_dir, root, on_event)
            elif current.action == "reuse":
                _copy_stage(current, run_dir)
        on_event("finished", {"stage": plan.stage, "action": current.action, "seconds": time.perf_counter() - started})


def _check_judging(params: Params, run_dir: Path) -> None:
    from srgan_lib.data.split import read_split
    from srgan_lib.data.test_sets import check_test_sets
    from srgan_lib.evaluation.matching import match_test_sets
    from srgan_lib.evaluation.published import check_sources

    check_sources(params.published)
    split = read_split(run_dir / "data" / "split.csv")
    images = check_test_sets(params.evaluation.test_sets, split, params.shared)
    for index in params.evaluation.methods.values():
        if not index.endswith(".safetensors"):
            match_test_sets(Path(index), images)


def refresh_prose(executed: Path, source: Path) -> None:
    """Bring the prose of an executed notebook up to date; its code and outputs stay, since the code is the same."""
    import nbformat

    done, text = nbformat.read(executed, as_version=4), nbformat.read(source, as_version=4)
    injected = [cell for cell in done.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    outputs = iter([cell for cell in done.cells if cell.cell_type == "code" and cell not in injected])
    cells = []
    for cell in text.cells:
        if cell.cell_type != "code":
            cells.append(cell)
            continue
        ran = next(outputs)
        ran["source"] = cell["source"]
        cells.append(ran)
        if "parameters" in cell.metadata.get("tags", []):
            cells += injected
    if [c["source"] for c in cells] != [c["source"] for c in nbformat.read(executed, as_version=4).cells]:
        done.cells = cells
        write_atomic(executed, nbformat.writes(done))


def is_complete(folder: Path, info: StageInfo) -> bool:
    """Whether a stage's folder holds all that its manifest names, and its executed notebook."""
    manifest = read_json(folder / "manifest.json")
    return (
        bool(manifest)
        and (folder / f"{info.notebook}.ipynb").exists()
        and all((folder / f).exists() for f in manifest["outputs"])
    )


def finished_stages(results: Path) -> dict[str, list[Path]]:
    """The folders of all stages with a manifest, of plain runs and of sweeps, by fingerprint."""
    found: dict[str, list[Path]] = {}
    for pattern in ("*/{}/manifest.json", "sweeps/*/*/{}/manifest.json"):
        for stage in STAGES:
            for path in sorted(results.glob(pattern.format(stage))):
                if manifest := read_json(path):
                    found.setdefault(manifest["fingerprint"], []).append(path.parent)
    return found


def _decide(plan: Plan, run_dir: Path, finished: Finished, *, forced: bool, reuse: bool) -> Plan:
    """Whether a stage runs, is skipped or is copied from another run, with the reason in words."""
    info, folder = plan.stage, run_dir / plan.stage.name
    if forced or not reuse:
        return replace(plan, action="run", reason=f"asked for with {'--from' if forced else '--no-reuse'}", fresh=True)
    manifest = read_json(folder / "manifest.json")
    if manifest and manifest["fingerprint"] == plan.fingerprint and is_complete(folder, info):
        return replace(
            plan,
            action="skip",
            reason=f"nothing it depends on has changed since {manifest['started'].replace('T', ' ')[:16]} UTC",
        )
    for source in finished.get(plan.fingerprint, []):
        if source != folder and is_complete(source, info):
            name = source.parent.relative_to(results_folder(run_dir)).as_posix()
            return replace(plan, action="reuse", reason=f"run {name!r} has computed it already", source=source)
    if not manifest:
        return replace(plan, action="run", reason="not computed yet")
    changes = plan.components.changes_since(manifest["components"])
    return replace(plan, action="run", reason="; ".join(changes[:3]) if changes else "a result file is missing")


def _decide_again(plan: Plan, run_dir: Path) -> Plan:
    """The decision once the lock is held: another process may have computed the stage, or deleted it, meanwhile."""
    hinted = {plan.fingerprint: [plan.source]} if plan.source else {}
    current = _decide(plan, run_dir, hinted, forced=False, reuse=True)
    if current.action != "run":
        return current
    return _decide(plan, run_dir, finished_stages(results_folder(run_dir)), forced=False, reuse=True)


def _copy_stage(plan: Plan, run_dir: Path) -> None:
    """Copy a finished stage from another run; the manifest comes last, as when it was computed."""
    target, manifest = run_dir / plan.stage.name, plan.source / "manifest.json"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        plan.source, target, ignore=shutil.ignore_patterns("manifest.json", "checkpoints", "*.failed.ipynb")
    )
    write_json(target / "manifest.json", {**read_json(manifest), "reused_from": plan.source.parent.name})


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


def _compute_stage(plan: Plan, params: Params, run_dir: Path, root: Path, on_event: OnEvent) -> None:
    """Execute a stage's notebook; the manifest that it leaves must be of what was planned."""
    info, folder = plan.stage, run_dir / plan.stage.name
    _clear(plan, folder)
    with watch_progress(folder / "progress.json", info, on_event), kernel_environment(params.shared.threads):
        execute_notebook(
            root / "notebooks" / f"{info.notebook}.ipynb",
            folder,
            {**params.stage(info.name), "run_dir": str(run_dir)},
            root,
        )
    if (read_json(folder / "manifest.json") or {}).get("fingerprint") != plan.fingerprint:
        raise StageFailed(
            f"{info.notebook}: it ended without a manifest for what was planned; was a library file or an image "
            "changed while it ran? The same command computes it again."
        )
