"""Where everything of a project and of a run lies: the table of stages, the names of files and folders."""

from __future__ import annotations

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


def cache_folder() -> Path:
    """Return where downloaded sets are kept: this project's folder in the user's cache."""
    return platformdirs.user_cache_path("srgan-report")
