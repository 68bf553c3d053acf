"""Manifests: what a stage or a run has computed, and whether its files are still as they were written.

A manifest is written last and in one step, and sealed by the hash of its own text: the seal is the SHA-256 of the file
with zeros in its place, as in the files with weights. One that is no JSON, or of which a byte has changed, counts as
not there.

Files are hashed again only where their size or times have changed since they were last read. Sizes, times and hashes
are kept in the hidden file ``.hashes.json`` beside the files: not in the manifest, which would else differ from one
copy of a folder to the next. Whoever does not trust the times asks for ``check``.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from srgan_lib.errors import SrganError
from srgan_lib.files import (
    LARGEST_JSON,
    parse_json,
    read_bounded,
    read_json,
    sha256_file,
    write_atomic,
    write_json,
)
from srgan_lib.layout import STAGES, LayoutError, StageInfo

NAME = "manifest.json"
CACHE = ".hashes.json"
ZEROS = "0" * 64
#: Of what a manifest may hold, where the program relies on it.
KINDS = {"outputs": dict, "parameters": dict, "components": dict, "summary": dict, "stage": str, "fingerprint": str}
NAMED = 5  #: files that a line names; a list names all
UNFINISHED = "'srgan run …' writes it when the run is finished"  #: why a run has no manifest

logger = logging.getLogger(__name__)


class FilesDiffer(SrganError):
    """Files of a folder are not what they should be; ``files`` names them relative to it."""

    def __init__(self, message: str, *, path: Path | None = None, files: Iterable[str] = ()) -> None:
        super().__init__(message, path=path)
        self.files = list(files)


class OutputsChanged(FilesDiffer):
    """Files of a run are not as its stages have written them."""


class Differences(dict[str, str]):
    """By name, relative to the folder, how a file is otherwise than recorded: missing, changed or extra."""

    @property
    def damaged(self) -> list[str]:
        """The recorded files that are not as they were written."""
        return [name for name, kind in self.items() if kind != "extra"]

    @property
    def extra(self) -> list[str]:
        """The files that are not recorded."""
        return [name for name, kind in self.items() if kind == "extra"]

    def damage(self) -> str:
        """Name the damaged files in words; empty where there are none."""
        words = {"missing": "is missing", "changed": "is not as it was written"}
        named = [f"{name} {words[self[name]]}" for name in self.damaged]
        return "; ".join([*named[:NAMED], *([f"and {len(named) - NAMED} more"] if len(named) > NAMED else [])])


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write a folder's manifest in one step, with its seal at the end; what it records need not be read next time."""
    text = json.dumps({**content, "seal": ZEROS}, indent=1, ensure_ascii=False) + "\n"
    before, _, after = text.rpartition(ZEROS)
    write_atomic(folder / NAME, f"{before}{hashlib.sha256(text.encode()).hexdigest()}{after}")
    file_hashes(folder, content.get("outputs", ()), remember=True)


def record_notebook(folder: Path, info: StageInfo) -> None:
    """Add the executed notebook to what the stage's manifest records; it is complete only after the stage."""
    manifest = read_manifest(folder)
    assert manifest is not None  # as of every stage that has finished
    outputs = manifest["outputs"] | file_hashes(folder, [f"{info.notebook}.ipynb"], check=True)
    write_manifest(folder, {**manifest, "outputs": dict(sorted(outputs.items()))})


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Read a folder's manifest, without its seal; none where it is missing or, with a warning that names it, broken."""
    path = folder / NAME
    try:
        content = _unsealed(read_bounded(path, LARGEST_JSON))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        content = None
    if content is None:
        logger.warning("%s is broken, was changed, or is of an earlier version; it counts as not there", path)
    return content


def needed_manifest(folder: Path, remedy: str) -> dict[str, Any]:
    """Read a manifest that must be there, or raise a LayoutError that names the remedy."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise LayoutError(f"{folder / NAME}: missing or broken; {remedy}", path=folder / NAME)
    return manifest


def file_hashes(folder: Path, names: Iterable[str], *, check: bool = False, remember: bool = False) -> dict[str, str]:
    """Hash files of a folder by SHA-256; those that are not there have no hash.

    With ``check`` every file is read, even if its size and times are those of the last time; with ``remember`` sizes,
    times and hashes are kept, so that the files need not be read the next time. Else nothing is written.
    """
    known = read_json(folder / CACHE) or {}
    entries: dict[str, list[Any]] = {}
    for name in names:
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            status = (folder / name).stat()
            marks = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]  # the last is when the inode changed
            entry = None if check else known.get(name)
            if not (isinstance(entry, list) and entry[:-1] == marks):
                entry = [*marks, sha256_file(folder / name)]
            entries[name] = entry
    if remember and entries and entries != known:
        write_json(folder / CACHE, entries)
    return {name: entry[-1] for name, entry in entries.items()}


def output_files(folder: Path) -> list[str]:
    """List the result files of a stage, its executed notebook among them, by their paths inside its folder."""
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        path.as_posix()
        for path in paths
        if path.name not in {NAME, "progress.json"}
        and not path.name.endswith(".failed.ipynb")
        and not any(part.startswith(".") or part == "checkpoints" for part in path.parts)
    ]


def compare(
    folder: Path, manifest: Mapping[str, Any] | None, *, check: bool = False, executed: bool = True
) -> Differences:
    """Compare the files of a stage, or those at a run's top, where others are the user's, with the folder's manifest.

    No manifest is itself a missing file. ``executed``: a stage's manifest must record the executed notebook; by hand
    none is. With ``check`` every file is read, even if its size and times have not changed.
    """
    if manifest is None:
        return Differences({NAME: "missing"})
    recorded = there = manifest.get("outputs", {})
    if "stage" in manifest:
        there = output_files(folder)
        if executed:
            recorded = {f"{STAGES[manifest['stage']].notebook}.ipynb": "not recorded", **recorded}  # no file's hash
    found = file_hashes(folder, recorded, check=check)
    wrong = {name: "changed" if name in found else "missing" for name in recorded if found.get(name) != recorded[name]}
    return Differences(wrong | {name: "extra" for name in there if name not in recorded})


def checked_stages(run_dir: Path, *, check: bool = False, whole: bool = False) -> dict[str, dict[str, Any]]:
    """Read the manifests of a run's stages, all of which must be there with all their files as they were written.

    Of a ``whole`` run the files at its top must be so, too, and in the stages' folders there must be no others.
    :class:`OutputsChanged` names each file that is otherwise.
    """
    manifests = {stage: read_manifest(run_dir / stage) for stage in STAGES}
    folders = {**manifests, "": read_manifest(run_dir)} if whole else manifests
    wrong = {
        (Path(stage) / name).as_posix(): kind
        for stage, manifest in folders.items()
        for name, kind in compare(run_dir / stage, manifest, check=check).items()
        if whole or kind != "extra"
    }
    if wrong:
        raise OutputsChanged(
            f"{run_dir}: its files are not as the run has written them, so nothing is made of them; the "
            "command that started the run ('srgan run …') computes again what is missing or changed:\n"
            + "\n".join(f"{kind}: {name}" for name, kind in wrong.items()),
            path=run_dir,
            files=wrong,
        )
    return {stage: manifest for stage, manifest in manifests.items() if manifest is not None}


def _unsealed(text: bytes) -> dict[str, Any] | None:
    """Parse a manifest's text; none if it is not as it was written."""
    try:
        content = parse_json(text)
        seal = content.pop("seal")
        zeroed = ZEROS.encode().join(text.rsplit(seal.encode(), 1))
    except (ValueError, KeyError, TypeError, AttributeError):  # no JSON, or not of ours
        return None
    return content if hashlib.sha256(zeroed).hexdigest() == seal and _well_formed(content) else None


def _well_formed(content: Mapping[str, Any]) -> bool:
    """Tell whether what a manifest holds is of the kind expected, and names files inside its folder alone."""
    if any(not isinstance(content[name], kind) for name, kind in KINDS.items() if name in content):
        return False
    inside = (".." not in Path(name).parts and not Path(name).is_absolute() for name in content.get("outputs", {}))
    return all(inside) and content.get("stage", "data") in STAGES
