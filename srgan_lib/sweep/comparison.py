"""Open a sweep's folder in notebook 06, which compares its runs and shows what it finds as a stage's notebook does.

comparison = open_comparison(globals())
comparison.figure(exhibits.plane(comparison.rows, …), "plane", caption="…", source="runs.csv")
comparison.finish(finding="…")
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from srgan_lib.files import read_json, write_atomic, write_json
from srgan_lib.layout import COMPARISON, project_root
from srgan_lib.methods import BASELINE
from srgan_lib.params import ComparisonParams
from srgan_lib.params.evaluation import TRAINING, VALIDATION
from srgan_lib.params.reading import refusal
from srgan_lib.params.section import ParameterError
from srgan_lib.pipeline.display import Display
from srgan_lib.pipeline.stages import given_parameters
from srgan_lib.sweep.expansion import Factor
from srgan_lib.sweep.records import baseline_scores, read_runs


class Comparison(Display):
    """The runs of one sweep. Sources of figures and tables are given relative to the sweep's folder.

    Attributes
    ----------
    params : of the notebook.
    folder : the sweep's, which holds ``sweep.json``, ``runs.csv`` and a folder for each run.
    manifest : content of ``sweep.json``.
    factors : what is varied, but for the seed.
    runs : all runs, as :func:`.records.read_runs` reads them.
    finished : the rows of those that finished.
    rows : finished runs on the first test set on which every setting was judged; none where there is no such set.
    validation : finished runs on the validation images, which choose the winner; none where settings have other images.
    """

    def __init__(self, params: ComparisonParams, folder: Path) -> None:
        super().__init__(COMPARISON.name, folder / COMPARISON.name, source_prefix="")
        self.params = params
        self.folder = folder
        self.manifest: dict[str, Any] = read_json(folder / "sweep.json") or {}
        if not self.manifest:
            raise ParameterError(
                f"sweep_dir: {folder} holds no sweep; 'srgan sweep FILE' makes one under results/sweeps, which has "
                f"{', '.join(sorted(path.parent.name for path in folder.parent.glob('*/sweep.json'))) or 'none yet'}",
                parameter="sweep_dir",
                path=folder,
            )
        self.factors = [
            Factor(one["name"], tuple(one["levels"]), tuple(one["numbers"]) if one["numbers"] else None)
            for one in self.manifest["factors"]
        ]
        self.runs = read_runs(folder, [factor.name for factor in self.factors])
        self.finished = self.runs[self.runs.state == "finished"]
        if self.finished.empty:
            raise ParameterError(
                f"sweep_dir: no run of {folder} has finished; {self.manifest['command']!r} continues it",
                parameter="sweep_dir",
                path=folder,
            )
        self.rows = _comparable(self.finished)
        self.validation = _choosing(folder, self.finished)

    def save(self, table: pd.DataFrame, name: str) -> str:
        """Keep a table that a figure is drawn from; returns the figure's ``source``."""
        write_atomic(self.directory / name, table.to_csv(index=False))
        return f"{self.name}/{name}"

    def first_runs(self) -> pd.DataFrame:
        """Select the first run of each setting, in their order, at most ``patch_settings``."""
        return self.finished.drop_duplicates("setting").head(self.params.patch_settings)

    def finish(self, **summary: Any) -> None:
        """Write ``summary.json``, which the report opens with, and say where everything was written."""
        from IPython.display import HTML, display

        write_json(self.directory / "summary.json", summary)
        display(HTML(f'<p class="srgan-finish">Written to <code>{html.escape(str(self.directory))}</code>.</p>'))


def open_comparison(namespace: Mapping[str, Any]) -> Comparison:
    """Check the notebook's parameters and open the sweep that they name.

    Parameters
    ----------
    namespace : the notebook's ``globals()``, where its parameters cells have left their values.

    Raises
    ------
    ParameterError
        For an unknown name in a parameters cell, a wrong value, or a folder without a finished run.
    """
    given = given_parameters(namespace, ComparisonParams.model_fields.keys())
    try:
        params = ComparisonParams.model_validate(given)
    except ValidationError as error:
        source = f"parameters of notebook {COMPARISON.notebook}"
        raise refusal(error, ComparisonParams, source, fields="parameter") from None
    return Comparison(params, (project_root() / params.sweep_dir).resolve())


def _comparable(finished: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of the first test set on which every setting was judged; none where there is no such set."""
    judged = finished[~finished.dataset.isin([TRAINING, VALIDATION])]
    settings = judged.groupby("dataset", sort=False).setting.nunique()
    common = settings.index[settings == finished.setting.nunique()]
    return finished[finished.dataset == common[0]] if len(common) else finished.iloc[:0]


def _choosing(folder: Path, finished: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of the validation images; none where a setting lacks them or has others, which bicubic's scores show."""
    rows = finished[finished.dataset == VALIDATION]
    if rows.setting.nunique() < finished.setting.nunique():
        return rows.iloc[:0]
    bicubic = baseline_scores(folder, rows, [BASELINE])
    bicubic = bicubic[bicubic.dataset == VALIDATION].merge(rows[["run", "seed"]], on="run")
    return rows if bicubic.groupby("seed").psnr_y.nunique().eq(1).all() else rows.iloc[:0]
