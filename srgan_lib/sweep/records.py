"""Record a sweep in its folder, ``runs.csv`` with the scores of all runs and ``sweep.json`` with what traces them; read it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from srgan_lib.files import write_atomic, write_json
from srgan_lib.hardware import machine
from srgan_lib.layout import STAGES
from srgan_lib.methods import TRAINED
from srgan_lib.metrics.registry import METRICS
from srgan_lib.pipeline.assemble import commit
from srgan_lib.pipeline.manifests import read_manifest
from srgan_lib.sweep.study import PlannedSweep

BASELINES = ("bicubic", "warmup")  #: that runs are compared with


def write_records(study: PlannedSweep, command: str) -> list[Path]:
    """Write ``runs.csv`` and ``sweep.json``; the same results give the same bytes.

    Parameters
    ----------
    command : what runs the sweep.

    Returns
    -------
    The files written.
    """
    runs, manifest = study.folder / "runs.csv", study.folder / "sweep.json"
    write_atomic(runs, runs_table(study).to_csv(index=False))
    write_json(manifest, sweep_manifest(study, command))
    return [runs, manifest]


def runs_table(study: PlannedSweep) -> pd.DataFrame:
    """Tabulate all runs, a row per run and test set, as :func:`read_runs` reads them.

    The scores are means over the images, for the method that the sweep judges.
    """
    rows = []
    for outcome in study.outcomes.values():
        run = outcome.planned.run
        about = {"run": run.name, "setting": run.setting, **run.levels, "seed": run.seed, "state": outcome.state}
        about["cause"] = " ".join(outcome.cause.split())
        finished = outcome.state == "finished"
        scores = mean_scores(outcome.planned.directory, study.source.method) if finished else [{}]
        rows += [{**about, **means} for means in scores]
    return pd.DataFrame(rows)


def sweep_manifest(study: PlannedSweep, command: str) -> dict[str, Any]:
    """Describe a sweep: what it varies, by which rule it is judged, and what repeats each run."""
    source = study.source
    return {
        "name": study.folder.name,
        "title": study.title,
        "command": command,
        "commit": commit(study.root),
        "machine": machine(),
        "started": _last_day(study),
        "files": {
            "sweep": source.path.name,
            "params": source.params.name,
            "overlays": [path.name for path in source.overlays],
        },
        "factors": [asdict(factor) for factor in study.factors],
        "seeds": source.definition.seeds,
        "method": source.method,
        "winner_by": source.definition.winner.by,
        "runs": {
            name: {
                "state": outcome.state,
                "cause": outcome.cause,
                "setting": outcome.planned.run.setting,
                "seed": outcome.planned.run.seed,
                **outcome.planned.run.levels,
                "command": study.command(outcome.planned.run),
                "fingerprints": {stage: plan.fingerprint for stage, plan in outcome.planned.stages.items()},
            }
            for name, outcome in study.outcomes.items()
        },
    }


def _last_day(study: PlannedSweep) -> str:
    """Find the day on which the last stage began; empty before any has finished."""
    manifests = [read_manifest(run.directory / stage) for run in study.finished for stage in STAGES]
    return max((manifest["started"] for manifest in manifests if manifest), default="")[:10]


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
