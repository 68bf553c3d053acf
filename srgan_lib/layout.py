"""Where everything of a project and of a run lies: every path and the table of stages."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import platformdirs

from srgan_lib.errors import InputError


class LayoutError(InputError):
    """A run name or a folder that cannot be what it is meant to be."""


@dataclass(frozen=True)
class StageInfo:
    """One stage: its notebook, the stages it reads, and the library module that trains in it, if any."""

    name: str
    notebook: str
    upstream: tuple[str, ...]
    trainer: str | None = None

    @property
    def title(self) -> str:
        """The notebook's name in words, e.g. ``Data exploration``."""
        words = self.notebook.split("_", 1)[1].replace("_", " ")
        return {"srcnn baseline": "SRCNN baseline", "warmup": "Warm-up"}.get(words, words.capitalize())


TrainingStage = Literal["srcnn", "warmup", "adversarial"]

STAGES: dict[str, StageInfo] = {
    info.name: info
    for info in (
        StageInfo("data", "01_data_exploration", ()),
        StageInfo("srcnn", "02_srcnn_baseline", ("data",), "srgan_lib.training.srcnn"),
        StageInfo("warmup", "03_warmup", ("data",), "srgan_lib.training.warmup"),
        StageInfo("adversarial", "04_adversarial", ("data", "warmup"), "srgan_lib.training.adversarial"),
        StageInfo("evaluation", "05_evaluation", ("data", "srcnn", "warmup", "adversarial")),
    )
}
#: The stages that train a network, in their order.
TRAINING_STAGES: tuple[TrainingStage, ...] = get_args(TrainingStage)
#: The notebook that compares the runs of a sweep; it is no stage, since it belongs to no run.
COMPARISON = StageInfo("comparison", "06_comparison", ())
#: All notebooks of the project by the name of what they make.
NOTEBOOKS = {**STAGES, COMPARISON.name: COMPARISON}
#: The params file of the demo, whose values the notebooks show and use when they are run by hand.
DEMO = "params/demo.yaml"
#: What a training writes into its stage's folder. It is good as long as the weights are; a training that begins anew
#: replaces it.
TRAINING_FILES = (
    *("*.safetensors", "loss_curve.csv", "validation.csv", "speed.json"),
    *("sample.png", "montage", "networks"),
)
#: Of these, what a training that resumes from a checkpoint does not write again.
WRITTEN_ON_THE_WAY = ("montage", "networks", "*_best.safetensors")
#: The folder of a run that holds its repeated trainings, each like a run of its own.
REPEATS = "repeats"


def project_root(start: Path | None = None) -> Path:
    """Return the nearest folder from ``start`` (the working folder) upwards with ``notebooks/`` and ``params/``.

    Outside a project (a notebook opened alone, in Colab for instance) it is ``start`` itself.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    return start


def results_folder(run_dir: Path) -> Path:
    """Return the folder of all runs, which share what they compute.

    A run lies in it, in its ``sweeps/<sweep>/``, or as a repeated training in another run's :data:`REPEATS`.
    """
    if run_dir.parent.name == REPEATS:
        return results_folder(run_dir.parents[1])
    return run_dir.parents[2] if run_dir.parents[1].name == "sweeps" else run_dir.parent


def cache_folder() -> Path:
    """Return where downloaded sets are kept: this project's folder in the user's cache."""
    return platformdirs.user_cache_path("srgan-report")


def run_folder(results: Path, name: str, option: str = "--run") -> Path:
    """Return the folder of a run; a LayoutError refuses names that lead outside or that file systems dislike.

    ``option`` is that of the command line which gives another name than the file's.
    """
    allowed = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) and not name.endswith(".")
    reserved = re.fullmatch(r"(reference|sweeps|(con|prn|aux|nul|com\d|lpt\d)(\..*)?)", name, re.IGNORECASE)
    if not allowed or reserved:
        fit = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-")[:80].rstrip(".") or "mine"
        fit = f"my_{fit}" if reserved else fit
        raise LayoutError(
            f"run name {name[:120]!r}: use at most 100 letters, digits, '.', '_' and '-', starting with a letter or "
            "digit and not ending with '.', and neither 'reference', 'sweeps' nor a name that Windows reserves, such "
            f"as 'con'; results always go to a folder of that name under results/: give one by {option}, such as {fit}"
        )
    return results / name


def make_results(folder: Path) -> None:
    """Make the folder of all runs where it is missing; a :class:`LayoutError` says why it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        problem = "" if os.access(folder, os.W_OK | os.X_OK) else "permission denied"
    except FileExistsError:
        problem = "is a file"
    except OSError as error:
        problem = error.strerror
    if problem:
        raise LayoutError.at(
            folder, f"results cannot be written there ({problem}); choose another folder with --results"
        )
