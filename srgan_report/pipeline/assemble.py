"""From finished stages to a finished run: top-level files, study, report; and its LR images for others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srgan_lib.files import Snapshot, digest, write_atomic
from srgan_lib.layout import STAGES, LayoutError
from srgan_lib.methods import TRAINED
from srgan_lib.params import Params
from srgan_lib.params.evaluation import Opinion
from srgan_lib.params.shared import Shared
from srgan_report.hardware import machine
from srgan_report.opinion.study import OpinionError, find_study
from srgan_report.pipeline import code_hashes, manifests, provenance
from srgan_report.pipeline.archive import ARCHIVE, write_archive
from srgan_report.pipeline.run import Run

REPORT = ("report.html", "report.pdf", "report_appendix.pdf")
LR_IMAGES = "images/lr/"  #: where the evaluation has written those of the test sets
#: What a run has at its top besides the report and the archive, and where it comes from.
TOP_LEVEL = {
    "metrics.csv": "evaluation/metrics.csv",
    "metrics_summary.csv": "evaluation/metrics_summary.csv",
    "metrics.txt": "evaluation/metrics.txt",
    "srgan_final.safetensors": str(TRAINED["srgan"].path(Path())),
}

logger = logging.getLogger(__name__)


def assemble(run: Run, *, whole_images: bool = False, archive_all: bool = False, check: bool = False) -> bool:
    """Write a run's top-level metrics, manifest, study with people, report and archive from its finished stages.

    Returns false where all of it was up to date already. A file among these that is not as it was written is named in
    a warning, and all are written again; with ``check`` every file is read to see that. ``whole_images`` puts
    whole images into the report, whose viewer else shows crops; ``archive_all`` puts all files into the archive.
    ``OutputsChanged`` names the files of stages that are not as they were written.
    """
    run_dir = run.directory
    stages = manifests.checked_stages(run_dir, check=check)
    made = {name: [stage["fingerprint"], stage["outputs"]] for name, stage in stages.items()}
    asked = {"whole_images": whole_images, "archive_all": archive_all}
    code = code_hashes.source_hash("srgan_report.report")
    content = digest([made, run.asked.title, run.command, code, asked])
    before = manifests.read_manifest(run_dir) or {}
    if not _is_damaged(run_dir, before, check) and before.get("content") == content:
        manifests.file_hashes(run_dir, before["outputs"], remember=True)
        return False
    _write_all(run_dir, {**run_manifest(run, stages), "content": content}, stages, whole_images, archive_all)
    return True


def assemble_again(run_dir: Path, *, whole_images: bool = False, archive_all: bool = False) -> list[Path]:
    """Rebuild a run's report and archive from what its stages have written; the next ``srgan run`` builds them anew.

    Returns the files written. As :func:`assemble`, but for a run's own manifest, which must be there.
    """
    manifest = manifests.needed_manifest(run_dir, manifests.UNFINISHED)
    stages = manifests.checked_stages(run_dir, check=True)
    _is_damaged(run_dir, manifest, check=True)
    manifest.pop("content", None)
    _write_all(run_dir, manifest, stages, whole_images, archive_all)
    return [run_dir / name for name in (*REPORT, ARCHIVE)]


def _is_damaged(run_dir: Path, manifest: Mapping[str, Any], check: bool) -> bool:
    """Whether files at a run's top are not as they were written; a warning names them."""
    damage = manifests.compare(run_dir, manifest, check=check).damage()
    if damage:
        logger.warning("%s: %s; written again", run_dir, damage)
    return bool(damage)


def _write_all(
    run_dir: Path, manifest: dict[str, Any], stages: Mapping[str, Any], whole_images: bool, archive_all: bool
) -> None:
    """Write what lies at a run's top, and the study that is asked for; the manifest, which records it, comes last."""
    from srgan_report.report.build import build_report  # takes seconds, of which a run that is up to date needs none

    for name, origin in TOP_LEVEL.items():
        write_atomic(run_dir / name, (run_dir / origin).read_bytes())
    unfinished = {key: value for key, value in manifest.items() if key not in ("content", "outputs")}
    manifests.write_manifest(run_dir, unfinished)  # the report reads it; in the archive it cannot hold that one's hash
    _make_study(run_dir, manifest["parameters"])
    build_report(run_dir, whole_images)
    write_archive(run_dir, stages, REPORT, TOP_LEVEL, everything=archive_all)
    outputs = manifests.file_hashes(run_dir, (*TOP_LEVEL, *REPORT, ARCHIVE), check=True)
    manifests.write_manifest(run_dir, {**manifest, "outputs": outputs})


def _make_study(run_dir: Path, parameters: Mapping[str, Any]) -> None:
    """Write the study with people that the parameters ask for, unless there is one; the report needs none."""
    design = parameters["evaluation"].get("opinion")
    try:
        if not design or find_study(run_dir):
            return
        from srgan_report.opinion.make import make_study  # takes seconds

        make_study([run_dir], Shared.model_validate(parameters["shared"]), Opinion.model_validate(design))
    except OpinionError as error:
        logger.warning("No study with people was made: %s", error)


def run_manifest(run: Run, stages: dict[str, Any]) -> dict[str, Any]:
    """What a reader needs to trace and repeat a run: command, commit, parameters, machine, versions, stages."""
    kept = ("fingerprint", "started", "seconds", "reused_from", "warnings", "summary")
    default, asked = Params().model_dump(), run.asked.model_dump()
    changed = [
        f"{section}.{name}"
        for section in ("shared", *STAGES)
        for name, value in asked[section].items()
        if value != default[section][name] and name != "run_dir"
    ]
    return {
        "name": run.directory.name,
        "title": run.asked.title,
        "command": run.command,
        "commit": provenance.commit(run.root),
        "machine": machine(),
        "versions": provenance.environment("evaluation", run.params, Snapshot()),
        "parameters": {name: getattr(run.params, name).model_dump() for name in ("shared", *STAGES, "published")},
        "changed": changed,
        "seconds": round(sum(stage["seconds"] for stage in stages.values()), 1),
        "stages": {name: {key: stage.get(key) for key in kept} for name, stage in stages.items()},
    }


def export_lr(run_dir: Path, target: Path) -> list[Path]:
    """Copy a finished run's LR test images to ``<target>/<dataset>/<image>.png``, for methods outside this project.

    Raises as :func:`assemble`, and for a target that has files already.
    """
    outputs = manifests.checked_stages(run_dir)["evaluation"]["outputs"]
    names = [name.removeprefix(LR_IMAGES) for name in outputs if name.startswith(LR_IMAGES)]
    if not names:
        raise LayoutError.at(run_dir, "the evaluation kept no LR images; run it again (srgan run … --from evaluation)")
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise LayoutError.at(target, "is there already and not an empty folder; name another one")
    for name in names:
        write_atomic(target / name, (run_dir / "evaluation" / LR_IMAGES / name).read_bytes())
    return [target / name for name in names]
