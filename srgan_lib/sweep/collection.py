"""What the runs of a sweep have measured, as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from srgan_lib.methods import TRAINED
from srgan_lib.metrics.registry import METRICS
from srgan_lib.sweep.planning import PlannedRun
from srgan_lib.sweep.study import Study


def runs_table(study: Study) -> pd.DataFrame:
    """One row per run and test set: ``runs.csv``.

    Returns
    -------
    Columns run, setting, one per factor, seed, state, cause, dataset, n (images) and the means over these of every
    metric, for the method that the sweep judges; of a run that did not finish, only what it is and why.
    """
    rows = []
    for outcome in study.outcomes.values():
        run = outcome.planned.run
        about = {"run": run.name, "setting": run.setting, **run.levels, "seed": run.seed, "state": outcome.state}
        about["cause"] = " ".join(outcome.cause.split())
        measured = _means(outcome.planned.directory, study.source.method) if outcome.state == "finished" else [{}]
        rows += [{**about, **means} for means in measured]
    return pd.DataFrame(rows)


def baseline_table(study: Study, names: tuple[str, ...] = ("bicubic", "warmup")) -> pd.DataFrame:
    """Rows ``method, setting, seed, dataset`` and metrics of methods to compare with, of every finished run."""
    rows = []
    for planned in study.finished:
        for method in names:
            about = {"method": method, "setting": planned.run.setting, "seed": planned.run.seed}
            rows += [{**about, **means} for means in _means(planned.directory, method)]
    return pd.DataFrame(rows)


def learning_curves(study: Study) -> pd.DataFrame:
    """Validation through training of all finished runs: columns run, setting, seed and those of ``validation.csv``."""
    frames = []
    for planned in study.finished:
        path = planned.directory / TRAINED[study.source.method].stage / "validation.csv"
        if path.exists():
            run = planned.run
            frames.append(pd.read_csv(path).assign(run=run.name, setting=run.setting, seed=run.seed))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def common_crops(runs: Sequence[PlannedRun], most: int = 3) -> dict[tuple[str, str], dict[str, dict[str, Path]]]:
    """Crops of images that all these finished runs show: by dataset and image, for each setting the files by method.

    Parameters
    ----------
    runs : one of each setting, best of one seed: where a set has no split of its own, each seed tests other images.
    """
    shown: dict[tuple[str, str], dict[str, dict[str, Path]]] = {}
    for planned in runs:
        folder = planned.directory / "evaluation" / "viewer"
        index = json.loads((folder / "index.json").read_text(encoding="utf-8")) if folder.exists() else []
        for entry in index:
            files = {method: folder / name for method, name in entry["methods"].items()}
            shown.setdefault((entry["dataset"], entry["image"]), {})[planned.run.setting] = files
    common = {key: files for key, files in sorted(shown.items()) if len(files) == len(runs)}
    return dict(list(common.items())[:most])


def _means(run_dir: Path, method: str) -> list[dict[str, object]]:
    """A method's mean over the images of each test set of one run."""
    path = run_dir / "metrics.csv"
    if not path.exists():
        return [{}]
    metrics = pd.read_csv(path)
    chosen = metrics[metrics.method == method]
    names = [name for name in METRICS if name in chosen]
    return [
        {"dataset": dataset, "n": len(group), **group[names].mean(skipna=False).to_dict()}
        for dataset, group in chosen.groupby("dataset", sort=False)
    ]
