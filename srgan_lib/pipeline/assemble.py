"""From finished stages to a finished run: the top-level files, the report and the archive."""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from srgan_lib.files import atomic_path, digest, load_json, read_json, sha256_file, write_atomic, write_json
from srgan_lib.hardware import machine
from srgan_lib.layout import STAGES
from srgan_lib.methods import TRAINED
from srgan_lib.params import Params
from srgan_lib.pipeline import code_hashes, provenance
from srgan_lib.pipeline.run import Run
from srgan_lib.pipeline.snapshot import Snapshot
from srgan_lib.report.build import build_report

ARCHIVE = "srgan_results.zip"
#: What only resumes training, or TensorBoard reads: no part of the archive, no more than hidden files.
UNPACKED = {"checkpoints", "tensorboard"}
WHOLE_IMAGES = "evaluation/images"  #: large, and therefore in the archive on request only
#: What a run has at its top, and where it comes from.
TOP_LEVEL = {
    "metrics.csv": "evaluation/metrics.csv",
    "metrics_summary.csv": "evaluation/metrics_summary.csv",
    "metrics.txt": "evaluation/metrics.txt",
    "srgan_final.safetensors": str(TRAINED["srgan"].path(Path())),
}


@dataclass(frozen=True)
class Extent:
    """How much of the whole images goes where.

    Attributes
    ----------
    archive_images : put ``evaluation/images`` into the archive.
    """

    archive_images: bool = False


def assemble(run: Run, extent: Extent = Extent()) -> bool:
    """Write a run's top-level metrics, manifest, report and archive from its finished stages.

    Returns
    -------
    bool
        False where all of it was up to date already.
    """
    run_dir = run.directory
    stages = {name: load_json(run_dir / name / "manifest.json") for name in STAGES}
    notebooks = [sha256_file(run.executed_notebook(name)) for name in STAGES]
    content = digest(
        [
            notebooks,
            {name: s["fingerprint"] for name, s in stages.items()},
            run.asked.title,
            run.command,
            code_hashes.source_hash("report"),
            asdict(extent),
        ]
    )
    before = read_json(run_dir / "manifest.json") or {}
    if before.get("content") == content and all(
        (run_dir / f).exists() for f in ("report.html", "report.pdf", ARCHIVE, *TOP_LEVEL)
    ):
        return False
    for name, origin in TOP_LEVEL.items():
        write_atomic(run_dir / name, (run_dir / origin).read_bytes())
    write_json(run_dir / "manifest.json", run_manifest(run, stages))
    build_report(run_dir)
    write_archive(run_dir, extent)
    write_json(run_dir / "manifest.json", {**load_json(run_dir / "manifest.json"), "content": content})
    return True


def assemble_again(run_dir: Path, extent: Extent = Extent()) -> list[Path]:
    """Rebuild a run's report and archive from whatever is there; the next ``srgan run`` builds them anew.

    Returns
    -------
    list of Path
        The files written.
    """
    report = build_report(run_dir)
    manifest = read_json(run_dir / "manifest.json") or {}
    write_json(run_dir / "manifest.json", {key: value for key, value in manifest.items() if key != "content"})
    return [*report, write_archive(run_dir, extent)]


def run_manifest(run: Run, stages: dict[str, Any]) -> dict[str, Any]:
    """What a reader needs to trace and repeat a run: command, commit, parameters, machine, versions, stages."""
    default = Params()
    changed = [
        f"{section}.{name}"
        for section in ("shared", *STAGES)
        for name, value in getattr(run.asked, section)
        if value != getattr(getattr(default, section), name) and f"{section}.{name}" != "shared.run_dir"
    ]
    return {
        "name": run.directory.name,
        "title": run.asked.title,
        "command": run.command,
        "commit": commit(run.root),
        "machine": machine(),
        "versions": provenance.environment("evaluation", run.params, Snapshot()),
        "parameters": {
            section: getattr(run.params, section).model_dump() for section in ("shared", *STAGES, "published")
        },
        "changed": changed,
        "seconds": round(sum(stage["seconds"] for stage in stages.values()), 1),
        "stages": {
            name: {
                key: stage.get(key)
                for key in ("fingerprint", "started", "seconds", "reused_from", "warnings", "summary")
            }
            for name, stage in stages.items()
        },
    }


def write_archive(run_dir: Path, extent: Extent = Extent()) -> Path:
    """Write ``srgan_results.zip``: a run without what resumes training and what TensorBoard reads, and without whole
    images unless they are asked for; the same files give the same bytes."""
    target = run_dir / ARCHIVE
    files = [
        p
        for p in sorted(run_dir.rglob("*"))
        if p.is_file()
        and p != target
        and not any(part.startswith(".") or part in UNPACKED for part in p.relative_to(run_dir).parts)
        and (extent.archive_images or not p.is_relative_to(run_dir / WHOLE_IMAGES))
    ]
    with atomic_path(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for path in files:
            # Weights and pictures do not compress, and text is small: storing is several times faster.
            entry = zipfile.ZipInfo(f"{run_dir.name}/{path.relative_to(run_dir).as_posix()}", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, path.read_bytes())
    return target


def commit(root: Path) -> str:
    """The project's git commit, marked where files differ from it; empty outside git."""
    try:
        revision = _git(root, "rev-parse", "--short=12", "HEAD")
        return revision + (" with local changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True).stdout.strip()
