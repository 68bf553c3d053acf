"""What a run's folder holds, its scores too, read and checked once."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from srgan_lib.csv_files import read_rows
from srgan_lib.errors import InputError
from srgan_lib.evaluation.verdicts import PairedScores
from srgan_lib.layout import STAGES, StageInfo
from srgan_lib.metrics.measure import METRICS
from srgan_lib.params.training import is_own
from srgan_report.project import results_folder


class ReportError(InputError):
    """A run folder that no report can be made of, or a program that the PDF needs and is not there."""


@dataclass(frozen=True)
class StageRun:
    """One stage as it was run: its manifest and its executed notebook."""

    info: StageInfo
    manifest: dict[str, Any]
    notebook: Path


@dataclass(frozen=True)
class ImageFiles:
    """One image, or the same crop of it, by every method, as PNG files."""

    dataset: str
    image: str
    files: dict[str, Path]


class Scores:
    """Per-image figures and their summary; a figure that was not computed is ``None``.

    ``heldout`` is the dataset whose other images were trained on.
    """

    def __init__(
        self, rows: list[dict[str, str]], summary: list[dict[str, str]], heldout: str, repeats: Path | None = None
    ) -> None:
        self.heldout, self._repeats = heldout, repeats
        self._rows = {(r["dataset"], r["image"], r["method"]): r for r in rows}
        self._summary = {(r["dataset"], r["method"], r["metric"]): r for r in summary}
        self.datasets = list(dict.fromkeys(r["dataset"] for r in rows))
        self.methods = list(dict.fromkeys(r["method"] for r in rows))

    def images(self, dataset: str) -> list[str]:
        """The images of a dataset that were judged."""
        return list(dict.fromkeys(image for name, image, _ in self._rows if name == dataset))

    def one(self, dataset: str, image: str, method: str, metric: str) -> float | None:
        """One image's figure."""
        return _number(self._rows.get((dataset, image, method), {}).get(metric))

    def paired(self, dataset: str) -> PairedScores:
        """The scores on a dataset as what compares methods takes them, with those of further trainings."""
        frame = pd.DataFrame([row for (name, *_), row in self._rows.items() if name == dataset])
        numbers = [name for name in METRICS if name in frame]
        frame[numbers] = frame[numbers].apply(pd.to_numeric, errors="coerce")
        return PairedScores(frame, None if self._repeats is None else pd.read_csv(self._repeats))

    def mean(self, dataset: str, method: str, metric: str) -> float | None:
        """The mean over a dataset's images."""
        return _number(self._summary.get((dataset, method, metric), {}).get("mean"))


@dataclass(frozen=True)
class FinishedRun:
    """A finished run."""

    directory: Path
    manifest: dict[str, Any]
    finding: str  # its result in short, the first paragraph of the evaluation's conclusion
    stages: list[StageRun]
    scores: Scores
    crops: list[ImageFiles]  # of the images that the evaluation chose
    whole_images: list[ImageFiles]  # all, or none where they were not kept

    @property
    def kept(self) -> list[ImageFiles]:
        """The test images as they are there: whole, or else crops of some."""
        return self.whole_images or self.crops

    @property
    def own_photographs(self) -> bool:
        """Whether the photographs are the user's own, who wants to see them first."""
        return self.manifest["parameters"]["shared"]["dataset"] == "folder"

    @property
    def upscaling(self) -> list[str]:
        """The options, word by word, by which ``srgan upscale`` takes this run's SRGAN; with the code of an own one."""
        folder = Path("results", self.directory.relative_to(results_folder(self.directory)))
        words = ["--checkpoint", f"{folder}/srgan_final.safetensors"]
        generator = self.manifest["parameters"]["warmup"]["generator"]
        if is_own(generator):
            words += ["--code", f"{folder}/warmup/code/{Path(generator.rpartition(':')[0]).name}"]
        return [shlex.quote(word) for word in words]

    @property
    def warnings(self) -> list[tuple[StageRun, str]]:
        """Everything the stages warned of, in order."""
        return [(stage, text) for stage in self.stages for text in stage.manifest.get("warnings", [])]


def read_run(directory: Path) -> FinishedRun:
    """Read a run's folder; :class:`ReportError` names the first file that is missing or broken, and what makes it."""
    if not directory.is_dir():
        raise ReportError.at(
            directory, "no such run folder; 'srgan run' makes one, and finished runs lie under results/"
        )
    stages = []
    for name, info in STAGES.items():
        notebook = directory / name / f"{info.notebook}.ipynb"
        if not notebook.exists():
            continues = "the command that started the run ('srgan run …') continues there"
            raise ReportError.at(notebook, f"missing, so stage {name!r} of this run is not finished; {continues}")
        stages.append(StageRun(info, _json(directory / name / "manifest.json"), notebook))
    manifest = _json(directory / "manifest.json")
    heldout = manifest["parameters"]["shared"]["dataset"]
    repeats = directory / "evaluation/repeats.csv"
    rows, summary = (_rows(directory / name) for name in ("metrics.csv", "metrics_summary.csv"))
    scores = Scores(rows, summary, heldout, repeats if repeats.exists() else None)
    finding = _text(directory / "evaluation/conclusion.txt").partition("\n\n")[0].strip()
    crops, whole = (image_files(directory / "evaluation" / folder) for folder in ("viewer", "images"))
    return FinishedRun(directory, manifest, finding, stages, scores, crops, whole)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ReportError.at(path, "missing; 'srgan run' writes it when the stage is finished") from None


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise ReportError.at(path, f"not valid JSON ({error}); delete it and run 'srgan run' again") from None


def image_files(folder: Path) -> list[ImageFiles]:
    """Read the images that a folder's ``index.json`` lists; none where there is no such file."""
    index = _json(folder / "index.json") if (folder / "index.json").exists() else []
    entries = [
        ImageFiles(entry["dataset"], entry["image"], {m: folder / file for m, file in entry["methods"].items()})
        for entry in index
    ]
    for path in (path for entry in entries for path in entry.files.values()):
        if not path.exists():
            raise ReportError.at(path, f"named in {folder / 'index.json'} but not there; run stage evaluation again")
    return entries


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise ReportError.at(path, "missing; 'srgan run' writes it after stage evaluation")
    rows = read_rows(path)
    if not rows:
        raise ReportError.at(path, "no rows; run stage evaluation again")
    return rows


def _number(text: str | None) -> float | None:
    value = float(text) if text else math.nan
    return None if math.isnan(value) else value
