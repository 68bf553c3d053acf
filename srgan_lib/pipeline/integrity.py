"""Compare the files of stages and runs with what their manifests record, before they are used or published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srgan_lib.errors import SrganError
from srgan_lib.layout import STAGES, StageInfo
from srgan_lib.pipeline.file_hashes import file_hashes, remember_hashes
from srgan_lib.pipeline.manifests import NAME, read_manifest, write_manifest

NAMED = 5  #: files that a line names; a list names all


class OutputsChanged(SrganError):
    """Files of a run are not as its stages have written them.

    Attributes
    ----------
    files : their names, relative to the run's folder.
    """

    def __init__(self, message: str, *, path: Path, files: Sequence[str]) -> None:
        super().__init__(message, path=path)
        self.files = list(files)


@dataclass(frozen=True)
class Differences:
    """What is otherwise than recorded, by names relative to the folder."""

    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def damaged(self) -> tuple[str, ...]:
        """The recorded files that are not as they were written."""
        return self.missing + self.changed

    def damage(self) -> str:
        """Name the damaged files in words; empty where there are none."""
        words = [*(f"{name} is missing" for name in self.missing)]
        words += [f"{name} is not as it was written" for name in self.changed]
        rest = [f"and {len(words) - NAMED} more"] if len(words) > NAMED else []
        return "; ".join([*words[:NAMED], *rest])

    def lines(self, folder: str) -> list[str]:
        """Describe each file in a line, its name preceded by its folder's."""
        kinds = ((self.changed, "changed"), (self.missing, "missing"), (self.extra, "extra"))
        return [f"{kind}: {folder}{name}" for names, kind in kinds for name in names]


def output_files(folder: Path) -> list[str]:
    """List the result files of a stage, its executed notebook among them, by their paths inside its folder."""
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if _is_output(path, folder)]


def record_notebook(folder: Path, info: StageInfo) -> None:
    """Add the executed notebook to what the stage's manifest records; it is complete only after the stage."""
    manifest = read_manifest(folder)
    assert manifest is not None  # as of every stage that has finished
    name = f"{info.notebook}.ipynb"
    outputs = manifest["outputs"] | file_hashes(folder, [name], check=True)
    write_manifest(folder, {**manifest, "outputs": dict(sorted(outputs.items()))})
    remember_hashes(folder, outputs)


def compare_stage(folder: Path, manifest: Mapping[str, Any], *, check: bool = False) -> Differences:
    """Compare a stage's files with its manifest.

    Parameters
    ----------
    check : read every file, even if its size and times have not changed.
    """
    return _compare(folder, manifest["outputs"], output_files(folder), check)


def compare_finished_stage(folder: Path, manifest: Mapping[str, Any], *, check: bool = False) -> Differences:
    """Compare a stage's files with its manifest, which must record the executed notebook; by hand none is."""
    found = compare_stage(folder, manifest, check=check)
    notebook = f"{STAGES[manifest['stage']].notebook}.ipynb"
    if notebook in manifest["outputs"]:
        return found
    if notebook in found.extra:  # an earlier computation's
        extra = tuple(name for name in found.extra if name != notebook)
        return replace(found, changed=(*found.changed, notebook), extra=extra)
    return replace(found, missing=(*found.missing, notebook))


def compare_top(run_dir: Path, manifest: Mapping[str, Any], *, check: bool = False) -> Differences:
    """Compare the files at a run's top (report, archive, scores) with its manifest; others there are the user's."""
    recorded = manifest.get("outputs", {})
    return _compare(run_dir, recorded, recorded, check)


def checked_stages(run_dir: Path, *, check: bool = False) -> dict[str, dict[str, Any]]:
    """Read the manifests of a run's stages, all of which must be there with all their files as they were written.

    Raises
    ------
    OutputsChanged
        Naming each file that is missing or changed.
    """
    manifests, lines, files = {}, [], []
    for stage in STAGES:
        manifests[stage], found = _look_at(run_dir / stage, check)
        lines += replace(found, extra=()).lines(f"{stage}/")
        files += [f"{stage}/{name}" for name in found.damaged]
    if files:
        raise OutputsChanged(
            f"{run_dir}: files are not as the run has written them, so nothing is made of them; the command that started "
            "the run ('srgan run …') computes them again:\n" + "\n".join(lines),
            path=run_dir,
            files=files,
        )
    return manifests


def run_differences(run_dir: Path) -> list[str]:
    """Read all files of a run and describe in a line each that is changed, missing or extra."""
    lines = [line for stage in STAGES for line in _look_at(run_dir / stage, check=True)[1].lines(f"{stage}/")]
    return lines + compare_top(run_dir, read_manifest(run_dir) or {}, check=True).lines("")


def _look_at(folder: Path, check: bool) -> tuple[dict[str, Any], Differences]:
    manifest = read_manifest(folder)
    if manifest is None:
        return {}, Differences(missing=(NAME,))
    return manifest, compare_finished_stage(folder, manifest, check=check)


def _is_output(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return (
        path.is_file()
        and path.name not in {NAME, "progress.json"}
        and not path.name.endswith(".failed.ipynb")
        and not any(part.startswith(".") or part == "checkpoints" for part in parts)
    )


def _compare(
    folder: Path, recorded: Mapping[str, str], there: Sequence[str] | Mapping[str, str], check: bool
) -> Differences:
    found = file_hashes(folder, recorded, check=check)
    return Differences(
        missing=tuple(name for name in recorded if name not in found),
        changed=tuple(name for name in recorded if name in found and found[name] != recorded[name]),
        extra=tuple(name for name in there if name not in recorded),
    )
