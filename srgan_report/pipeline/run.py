"""Describe one run: what the command knows of it, planning, executing and the report need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from srgan_lib.layout import REPEATS, STAGES
from srgan_lib.params import Params
from srgan_report.params_file import check
from srgan_report.pipeline.manifests import NAME, UNFINISHED, needed_manifest
from srgan_report.project import find, results_folder


@dataclass(frozen=True)
class Run:
    """A run, computed or not."""

    params: Params  #: as resolved: nothing is left to the machine
    asked: Params  #: as written
    directory: Path  #: holds a folder for each stage
    root: Path  #: the project, whose notebooks are executed
    command: str = ""  #: reproduces the run; empty where none does

    @classmethod
    def recorded(cls, directory: Path, root: Path) -> Run:
        """Read what the manifest of a finished run says of it, which must be there and of this version's schema."""
        manifest = needed_manifest(directory, UNFINISHED)
        params = check(manifest["parameters"], str(directory / NAME))
        return cls(params, params, directory, root, manifest["command"])

    @property
    def results(self) -> Path:
        """The folder of all runs, which share what they compute."""
        return results_folder(self.directory)

    @property
    def repeats(self) -> list[Run]:
        """The further trainings that the evaluation asks for: the same under other seeds, on the same split."""
        shared = self.params.shared

        def repeat(params: Params, seed: int) -> Params:
            seeded = params.shared.model_copy(update={"seed": seed, "split_seed": shared.data_seed})
            alone = params.evaluation.model_copy(update={"repeats": 1})
            return params.model_copy(update={"shared": seeded, "evaluation": alone})

        return [
            replace(
                self,
                params=repeat(self.params, seed),
                asked=repeat(self.asked, seed),
                directory=self.directory / REPEATS / f"seed-{seed}",
            )
            for seed in range(shared.seed + 1, shared.seed + self.params.evaluation.repeats)
        ]

    def source_notebook(self, stage: str) -> Path:
        """Name a stage's notebook, of the project or as it comes with the package."""
        return find(self.root, Path("notebooks", f"{STAGES[stage].notebook}.ipynb"))

    def executed_notebook(self, stage: str) -> Path:
        """Name a stage's notebook with the outputs of this run."""
        return self.directory / stage / f"{STAGES[stage].notebook}.ipynb"


def repeated_name(stage: str, repeat: Run) -> str:
    """Name a stage of a repeated training, as a fingerprint and the terminal do."""
    return f"{stage}, seed {repeat.params.shared.seed}"
