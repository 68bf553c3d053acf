"""Describe one run: what the command knows of it, planning, executing and the report need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from srgan_lib.layout import REPEATS, STAGES, LayoutError, results_folder
from srgan_lib.params import Params
from srgan_report.params_file import check
from srgan_report.pipeline.manifests import NAME, read_manifest
from srgan_report.project import find


@dataclass(frozen=True)
class Run:
    """A run, computed or not.

    Attributes
    ----------
    params : the parameters as resolved: nothing is left to the machine.
    asked : the parameters as written.
    directory : the run's folder, which holds a folder for each stage.
    root : the project, whose notebooks are executed.
    command : what reproduces the run; empty where none does.
    """

    params: Params
    asked: Params
    directory: Path
    root: Path
    command: str = ""

    @classmethod
    def recorded(cls, directory: Path, root: Path) -> Run:
        """Read what the manifest of a finished run says of it.

        Parameters
        ----------
        directory : the run's folder.
        root : the project.

        Raises
        ------
        LayoutError
            For a folder without a manifest, or with a broken one.
        ParameterError
            For parameters of another version of the schema.
        """
        path = directory / NAME
        manifest = read_manifest(directory)
        if manifest is None:
            raise LayoutError(f"{path}: missing or broken; 'srgan run' writes it when a run is finished", path=path)
        params = check(manifest["parameters"], str(path))
        return cls(params, params, directory, root, manifest["command"])

    @property
    def results(self) -> Path:
        """The folder of all runs, which share what they compute."""
        return results_folder(self.directory)

    @property
    def repeats(self) -> list[Run]:
        """The further trainings that the evaluation asks for: the same under other seeds, on the same split."""
        shared = self.params.shared

        def repeat(params: Params, number: int) -> Params:
            changes = {"seed": shared.seed + number, "split_seed": shared.data_seed}
            evaluation = params.evaluation.model_copy(update={"repeats": 1})
            return params.model_copy(
                update={"shared": params.shared.model_copy(update=changes), "evaluation": evaluation}
            )

        return [
            replace(
                self,
                params=repeat(self.params, number),
                asked=repeat(self.asked, number),
                directory=self.directory / REPEATS / f"seed-{shared.seed + number}",
            )
            for number in range(1, self.params.evaluation.repeats)
        ]

    def stage_directory(self, stage: str) -> Path:
        """Name the folder with a stage's results."""
        return self.directory / stage

    def source_notebook(self, stage: str) -> Path:
        """Name a stage's notebook, of the project or as it comes with the package."""
        return find(self.root, Path("notebooks", f"{STAGES[stage].notebook}.ipynb"))

    def executed_notebook(self, stage: str) -> Path:
        """Name a stage's notebook with the outputs of this run."""
        return self.stage_directory(stage) / f"{STAGES[stage].notebook}.ipynb"


def repeated_name(stage: str, repeat: Run) -> str:
    """Name a stage of a repeated training, as a fingerprint and the terminal do."""
    return f"{stage}, seed {repeat.params.shared.seed}"
