"""Record a sweep in its folder: ``runs.csv`` with the scores of all runs, ``sweep.json`` with what traces them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from srgan_lib.files import write_atomic, write_json
from srgan_lib.hardware import machine
from srgan_lib.layout import STAGES
from srgan_lib.pipeline.assemble import commit
from srgan_lib.pipeline.manifests import read_manifest
from srgan_lib.sweep.collection import mean_scores
from srgan_lib.sweep.study import PlannedSweep


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
    """Tabulate all runs, a row per run and test set, as :func:`.collection.read_runs` reads them.

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
