"""Plan a run: what to compute, what to skip or reuse, and why. Nothing is computed, written or downloaded."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srgan_lib.files import Snapshot
from srgan_lib.layout import REPEATS, STAGES, TRAINING_STAGES, StageInfo
from srgan_report.outputs import OutputError
from srgan_report.pipeline import provenance
from srgan_report.pipeline.fetching import Missing, distinct, missing_inputs
from srgan_report.pipeline.manifests import compare, read_manifest
from srgan_report.pipeline.run import Run, repeated_name

Finished = Mapping[str, list[Path]]  # folders of finished stages by fingerprint

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What will happen to one stage, and why."""

    run: Run  #: the run that was planned, or one of its repeated trainings
    stage: StageInfo
    components: provenance.Components
    missing: tuple[Missing, ...]  #: what the stage reads and this disk lacks
    check: bool  #: what is there is read again before it is used, even if its size and times have not changed
    action: str = "run"  #: or "skip", or "reuse"
    reason: str = ""
    source: Path | None = None  #: the folder to copy from (action ``reuse``)
    fresh: bool = False  #: nothing that is there is used, not even checkpoints, since the user asks for that

    @property
    def title(self) -> str:
        """The notebook, and of a repeated training the seed."""
        notebook = self.stage.notebook
        return repeated_name(notebook, self.run) if self.run.directory.parent.name == REPEATS else notebook

    @property
    def told(self) -> dict[str, Any]:
        """What the events of its execution say of it."""
        return {"stage": self.stage, "title": self.title, "action": self.action, "reason": self.reason}

    @property
    def fingerprint(self) -> str:
        """Of everything that decides the stage's results."""
        return self.components.fingerprint


def plan_run(
    run: Run,
    *,
    from_stage: str | None = None,
    reuse: bool = True,
    until: str | None = None,
    finished: Finished | None = None,
    fetching: bool = False,
    check: bool = False,
    snapshot: Snapshot | None = None,
) -> list[Plan]:
    """Say what a run would do to each stage; nothing is computed, written or downloaded.

    What depends on data that are not on this disk yet has an unknown fingerprint and is to be computed. An
    ``OutputError`` names photographs that lie where results go.

    Parameters
    ----------
    from_stage, until : compute the first and all after it, changed or not; the last stage wanted.
    reuse : whether a stage may be skipped, or copied from another run.
    finished : where stages may be copied from; default: what :func:`finished_stages` finds in the run's results folder.
    fetching : whether what is missing is fetched before computing, also what a stage can do without.
    check : whether all result files are read to see that they are as they were written; default: those whose size or
        times have changed.
    snapshot : of the disk, to plan several runs from one.
    """
    _check_apart(run)
    if finished is None:
        finished = finished_stages(run.results) if reuse else {}
    snapshot = snapshot or Snapshot()
    alike: dict[str, Any] = {"reuse": reuse, "finished": finished, "fetching": fetching, "check": check}
    plans: list[Plan] = []
    fingerprints: dict[str, str] = {}
    forced = False
    for name, info in STAGES.items():
        forced = forced or name == from_stage
        upstream = {stage: fingerprints[stage] for stage in info.upstream}
        for repeat in run.repeats if name == "evaluation" else ():
            trained = plan_run(repeat, until=TRAINING_STAGES[-1], snapshot=snapshot, **alike)
            plans += trained
            upstream |= {repeated_name(one.stage.name, repeat): one.fingerprint for one in trained if one.stage.trainer}
        components = provenance.stage_components(
            name, run.params, run.source_notebook(name), upstream, fetching=fetching, snapshot=snapshot
        )
        fingerprints[name] = components.fingerprint
        plan = Plan(run, info, components, tuple(missing_inputs(name, run.params, snapshot)), check)
        plans.append(_decide(plan, finished, forced=forced, reuse=reuse))
        if name == until:
            break
    return plans


def _check_apart(run: Run) -> None:
    """Check that no photographs lie in a stage's folder, whose content is deleted before the stage is computed."""
    stages = [(run.directory / name).resolve() for name in STAGES]
    for name in ("image_folder", "lr_folder"):
        folder = getattr(run.params.shared, name)
        if folder and any(Path(folder).resolve().is_relative_to(stage) for stage in stages):
            problem = f"shared.{name}: {folder} lies where this run's results go, and would be deleted"
            remedy = "give the run another name with --run, or its results another folder with --results"
            raise OutputError(f"{problem}; {remedy}", path=folder)


def all_missing(plans: Iterable[Plan]) -> list[Missing]:
    """Name what the stages of a plan read and this disk lacks, each thing once."""
    return distinct(one for plan in plans for one in plan.missing)


def decide_again(plan: Plan) -> Plan:
    """The decision once the lock is held: another process may have computed the stage, or deleted it, meanwhile."""
    hinted = {plan.fingerprint: [plan.source]} if plan.source else {}
    current = _decide(plan, hinted, forced=False, reuse=True)
    if current.action != "run":
        return current
    return _decide(plan, finished_stages(plan.run.results), forced=False, reuse=True)


def finished_stages(results: Path) -> dict[str, list[Path]]:
    """Find by fingerprint all stages' folders, of runs, repeated trainings and sweeps; warn of broken manifests."""
    found: dict[str, list[Path]] = {}
    for pattern in ("*/{}/manifest.json", f"*/{REPEATS}/*/{{}}/manifest.json", "sweeps/*/*/{}/manifest.json"):
        for stage in STAGES:
            for path in sorted(results.glob(pattern.format(stage))):
                if manifest := read_manifest(path.parent):
                    found.setdefault(manifest["fingerprint"], []).append(path.parent)
    return found


def _decide(plan: Plan, finished: Finished, *, forced: bool, reuse: bool) -> Plan:
    """Whether a stage runs, is skipped or is copied from another run, with the reason in words."""
    plan = replace(plan, action="run")
    if forced or not reuse:
        return replace(plan, reason=f"asked for with {'--from' if forced else '--no-reuse'}", fresh=True)
    if plan.components.unknown:
        titles = ", ".join(one.title for one in distinct(plan.missing))
        reason = f"unknown until {titles} is downloaded" if titles else "reads a stage that is unknown yet"
        return replace(plan, reason=reason)
    folder = plan.run.directory / plan.stage.name
    manifest = read_manifest(folder)
    reason, damage = "not computed yet", ""
    if manifest and manifest["fingerprint"] != plan.fingerprint:
        reason = "; ".join(plan.components.changes_since(manifest["components"])[:3])
    elif manifest:
        found = compare(folder, manifest, check=plan.check)
        reason = damage = found.damage()
        if not damage:
            if found.extra:
                logger.warning("%s: not of this run and left out of its archive: %s", folder, ", ".join(found.extra))
            since = manifest["started"].replace("T", " ")[:16]
            return replace(plan, action="skip", reason=f"nothing it depends on has changed since {since} UTC")
    for source in finished.get(plan.fingerprint, []):
        if source == folder:
            continue
        if elsewhere := compare(source, read_manifest(source), check=plan.check).damage():
            logger.warning("%s is not copied: %s", source, elsewhere)
            continue
        computed = f"run {source.parent.relative_to(plan.run.results).as_posix()!r} has computed it already"
        return replace(plan, action="reuse", reason=f"{damage}; {computed}" if damage else computed, source=source)
    return replace(plan, reason=reason)
