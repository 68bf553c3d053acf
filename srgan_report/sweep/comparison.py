"""Open a sweep's folder in notebook 06, which compares its runs and shows what it finds as a stage's notebook does.

comparison = open_comparison(globals())
comparison.figure(exhibits.plane(comparison.rows, …), "plane", caption="…", source="runs.csv")
comparison.finish(finding="…")
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from srgan_lib.csv_files import read_csv, write_csv
from srgan_lib.files import read_json, write_json
from srgan_lib.layout import COMPARISON, project_root
from srgan_lib.methods import BASELINE, TRAINED
from srgan_lib.metrics.measure import METRICS
from srgan_lib.params import ComparisonParams
from srgan_lib.params.evaluation import TRAINING, VALIDATION
from srgan_lib.params.section import ParameterError
from srgan_report.pipeline.display import Display
from srgan_report.pipeline.stages import given_parameters
from srgan_report.refusals import refusal
from srgan_report.report.load_run import image_files
from srgan_report.sweep.expansion import Factor

BASELINES = (BASELINE, "warmup")  #: that runs are compared with


class Comparison(Display):
    """The runs of one sweep. Sources of figures and tables are given relative to the sweep's folder.

    Attributes
    ----------
    manifest : content of ``sweep.json``.
    factors : what is varied, but for the seed.
    runs : all runs, as :func:`read_runs` reads them.
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
            others = sorted(path.parent.name for path in folder.parent.glob("*/sweep.json"))
            makes = "'srgan sweep FILE' makes one under results/sweeps, which has"
            problem = f"sweep_dir: {folder} holds no sweep; {makes} {', '.join(others) or 'none yet'}"
            raise ParameterError(problem, parameter="sweep_dir", path=folder)
        self.factors = [
            Factor(one["name"], tuple(one["levels"]), tuple(one["numbers"]) if one["numbers"] else None)
            for one in self.manifest["factors"]
        ]
        self.runs = read_runs(folder, [factor.name for factor in self.factors])
        self.finished = self.runs[self.runs.state == "finished"]
        if self.finished.empty:
            problem = f"sweep_dir: no run of {folder} has finished; {self.manifest['command']!r} continues it"
            raise ParameterError(problem, parameter="sweep_dir", path=folder)
        self.rows = _comparable(self.finished)
        self.validation = self._choosing()

    def save(self, table: pd.DataFrame, name: str) -> str:
        """Keep a table that a figure is drawn from; returns the figure's ``source``."""
        write_csv(self.directory / name, table)
        return f"{self.name}/{name}"

    def first_runs(self) -> pd.DataFrame:
        """Select the first run of each setting, in their order, at most ``patch_settings``."""
        return self.finished.drop_duplicates("setting").head(self.params.patch_settings)

    def baselines(self) -> pd.DataFrame:
        """Collect what :attr:`rows` are compared with, mean scores: columns run, method, dataset, n, one per metric."""
        return self._scores(self.rows, BASELINES)

    def learning_curves(self) -> pd.DataFrame:
        """Collect the judged method's validation in training: columns run, setting, seed and ``validation.csv``'s."""
        frames = []
        runs = self.finished.drop_duplicates("run")[["run", "setting", "seed"]]
        for run, setting, seed in runs.itertuples(index=False, name=None):
            path = TRAINED[self.manifest["method"]].path(self.folder / run).with_name("validation.csv")
            if path.exists():
                frames.append(read_csv(path).assign(run=run, setting=setting, seed=seed))
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def common_crops(self) -> dict[tuple[str, str], dict[str, dict[str, Path]]]:
        """Find crops of images that all :meth:`first_runs` show: by dataset and image, by setting the files by method.

        At most ``patch_images``. Runs of one seed have most in common: where a set has no split of its own, each seed
        tests other images.
        """
        runs = self.first_runs()
        shown: dict[tuple[str, str], dict[str, dict[str, Path]]] = {}
        for run, setting in zip(runs.run, runs.setting, strict=True):
            for one in image_files(self.folder / run / "evaluation" / "viewer"):
                shown.setdefault((one.dataset, one.image), {})[setting] = one.files
        common = [(key, files) for key, files in sorted(shown.items()) if len(files) == len(runs)]
        return dict(common[: self.params.patch_images])

    def finish(self, **summary: Any) -> None:
        """Write ``summary.json``, which the report opens with, and say where everything was written."""
        from IPython.display import HTML, display

        write_json(self.directory / "summary.json", summary)
        display(HTML(f'<p class="srgan-finish">Written to <code>{html.escape(str(self.directory))}</code>.</p>'))

    def _scores(self, runs: pd.DataFrame, methods: Iterable[str]) -> pd.DataFrame:
        """Collect the mean scores of methods in each of the runs, which may be named repeatedly."""
        rows = [
            {"run": run, "method": method, **scores}
            for run in runs.run.unique()
            for method in methods
            for scores in mean_scores(self.folder / run, method)
        ]
        return pd.DataFrame(rows)

    def _choosing(self) -> pd.DataFrame:
        """Select the validation images' rows; none where a setting lacks them or has others (by bicubic's scores)."""
        rows = self.finished[self.finished.dataset == VALIDATION]
        if rows.setting.nunique() < self.finished.setting.nunique():
            return rows.iloc[:0]
        bicubic = self._scores(rows, [BASELINE])
        bicubic = bicubic[bicubic.dataset == VALIDATION].merge(rows[["run", "seed"]], on="run")
        return rows if bicubic.groupby("seed").psnr_y.nunique().eq(1).all() else rows.iloc[:0]


def open_comparison(namespace: Mapping[str, Any]) -> Comparison:
    """Check the parameters in the notebook's ``globals()`` and open the sweep that they name.

    :class:`.ParameterError` tells of an unknown name, a wrong value, or a folder without a finished run.
    """
    given = given_parameters(namespace, ComparisonParams.model_fields.keys())
    try:
        params = ComparisonParams.model_validate(given)
    except ValidationError as error:
        source = f"parameters of notebook {COMPARISON.notebook}"
        raise refusal(error, ComparisonParams, source, fields="parameter") from None
    return Comparison(params, (project_root() / params.sweep_dir).resolve())


def read_runs(folder: Path, factors: Iterable[str]) -> pd.DataFrame:
    """Read ``runs.csv`` of a sweep: one row per run and test set; labels of ``factors`` stay text.

    The columns are run, setting, one per factor, seed, state, cause, dataset, n (images) and one per metric; for a run
    that did not finish, dataset and all that follows are missing.
    """
    text = dict.fromkeys(("run", "setting", "state", "cause", *factors), str)  # "None" and "0.001" are labels
    runs = read_csv(folder / "runs.csv", dtype=text)
    return runs.fillna({"cause": ""})


def mean_scores(run_dir: Path, method: str) -> list[dict[str, Any]]:
    """Average a method's scores over the n images of each test set of a run; one that some image lacks is missing."""
    path = run_dir / "metrics.csv"
    if not path.exists():
        return [{}]
    metrics = read_csv(path)
    chosen = metrics[metrics.method == method]
    names = [name for name in METRICS if name in chosen]
    return [
        {"dataset": dataset, "n": len(group)} | {name: group[name].mean(skipna=False) for name in names}
        for dataset, group in chosen.groupby("dataset", sort=False)
    ]


def _comparable(finished: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of the first test set on which every setting was judged; none where there is no such set."""
    judged = finished[~finished.dataset.isin([TRAINING, VALIDATION])]
    settings = judged.groupby("dataset", sort=False).setting.nunique()
    common = settings.index[settings == finished.setting.nunique()]
    return finished[finished.dataset == common[0]] if len(common) else finished.iloc[:0]
