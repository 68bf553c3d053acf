"""Collect what the runs of a sweep have measured from the sweep's folder, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from srgan_lib.methods import TRAINED
from srgan_lib.metrics.registry import METRICS

BASELINES = ("bicubic", "warmup")


def read_runs(folder: Path, factors: Iterable[str]) -> pd.DataFrame:
    """Read ``runs.csv`` of a sweep: one row per run and test set.

    Parameters
    ----------
    folder : the sweep's.
    factors : names of the columns that hold labels, which stay text.

    Returns
    -------
    Columns run, setting, one per factor, seed, state, cause, dataset, n (images) and one per metric; for a run that did
    not finish, dataset and all that follows are missing.
    """
    text = dict.fromkeys(("run", "setting", "state", "cause", *factors), str)  # "None" and "0.001" are labels
    runs = pd.read_csv(folder / "runs.csv", dtype=text, keep_default_na=False, na_values=[""])
    return runs.fillna({"cause": ""})


def mean_scores(run_dir: Path, method: str) -> list[dict[str, Any]]:
    """Average a method's scores over the images of each test set of one run.

    Returns
    -------
    One row ``dataset, n`` (images) and metrics for each test set; a score that some image lacks is missing.
    """
    path = run_dir / "metrics.csv"
    if not path.exists():
        return [{}]
    metrics = pd.read_csv(path)
    chosen = metrics[metrics.method == method]
    names = [name for name in METRICS if name in chosen]
    return [
        {"dataset": dataset, "n": len(group)} | {name: group[name].mean(skipna=False) for name in names}
        for dataset, group in chosen.groupby("dataset", sort=False)
    ]


def baseline_scores(folder: Path, runs: pd.DataFrame, methods: Iterable[str] = BASELINES) -> pd.DataFrame:
    """Collect the mean scores of methods to compare with: columns run, method, dataset, n and one per metric.

    Parameters
    ----------
    folder : the sweep's.
    runs : of which column ``run`` names the runs to read; names may repeat.
    """
    rows = [
        {"run": run, "method": method, **scores}
        for run in runs.run.unique()
        for method in methods
        for scores in mean_scores(folder / run, method)
    ]
    return pd.DataFrame(rows)


def learning_curves(folder: Path, runs: pd.DataFrame, method: str) -> pd.DataFrame:
    """Collect the validation through training of runs: columns run, setting, seed and those of ``validation.csv``.

    Parameters
    ----------
    folder : the sweep's.
    runs : columns run, setting and seed.
    method : whose training is shown: srgan, warmup or srcnn.
    """
    frames = []
    for row in runs.drop_duplicates("run")[["run", "setting", "seed"]].to_dict("records"):
        path = folder / row["run"] / TRAINED[method].stage / "validation.csv"
        if path.exists():
            frames.append(pd.read_csv(path).assign(run=row["run"], setting=row["setting"], seed=row["seed"]))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def common_crops(folder: Path, runs: pd.DataFrame, most: int) -> dict[tuple[str, str], dict[str, dict[str, Path]]]:
    """Find crops of images that several runs show: by dataset and image, for each setting the files by method.

    Parameters
    ----------
    folder : the sweep's.
    runs : columns run and setting, one run of each setting, best of one seed: where a set has no split of its own, each
        seed tests other images.
    most : images at most.
    """
    shown: dict[tuple[str, str], dict[str, dict[str, Path]]] = {}
    for run, setting in zip(runs.run, runs.setting, strict=True):
        viewer = folder / run / "evaluation" / "viewer"
        index = viewer / "index.json"
        entries = json.loads(index.read_text(encoding="utf-8")) if index.exists() else []
        for entry in entries:
            files = {method: viewer / name for method, name in entry["methods"].items()}
            shown.setdefault((entry["dataset"], entry["image"]), {})[setting] = files
    common = {key: files for key, files in sorted(shown.items()) if len(files) == len(runs)}
    return dict(list(common.items())[:most])
