"""Tables of a comparison: what was varied, the scores of settings and runs, and what failed."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd

from srgan_lib.markup import Html
from srgan_lib.metrics.registry import METRICS
from srgan_lib.sweep.expansion import Factor
from srgan_lib.sweep.statistics import over_seeds

WAITING = "not begun or interrupted; the same command continues"


def varied_table(factors: list[Factor], seeds: list[int]) -> pd.DataFrame:
    """List what a sweep varies and its values."""
    rows = [{"varied": factor.name, "values": ", ".join(factor.levels)} for factor in factors]
    rows += [{"varied": "shared.seed", "values": ", ".join(map(str, seeds))}] if seeds else []
    return pd.DataFrame(rows)


def setting_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: a row per setting, each metric with its 95 % interval; n is the number of runs.

    Parameters
    ----------
    rows : finished runs of one dataset.
    """
    table = pd.DataFrame({"setting": rows.setting.unique()}).set_index("setting")
    for name in measured(rows):
        stats = over_seeds(rows, name)
        table["n"] = stats["n"]
        table[METRICS[name].heading] = [_with_interval(row, name) for row in stats.itertuples()]
    return table.reset_index()


def run_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """List every run with its seed and scores; its name links to its report, which lies beside the comparison's.

    Parameters
    ----------
    rows : finished runs of one dataset.
    """
    links = [Html(f'<a class="beside" href="{run}/report.html">{html.escape(run)}</a>') for run in rows.run]
    return pd.DataFrame(
        {"run": links, "seed": list(rows.seed), **{METRICS[name].heading: list(rows[name]) for name in measured(rows)}}
    )


def score_formats(rows: pd.DataFrame) -> dict[str, Any]:
    """Say how :func:`run_scores` is shown: ``formats`` of its columns, and the ``best`` of each."""
    names = measured(rows)
    return {
        "formats": {METRICS[name].heading: f".{METRICS[name].digits}f" for name in names},
        "best": {METRICS[name].heading: METRICS[name].best(rows[name]) for name in names},
    }


def unfinished_table(runs: pd.DataFrame) -> pd.DataFrame:
    """List the runs that failed or were not begun, with the cause."""
    rows = runs[runs.state != "finished"]
    return pd.DataFrame({"run": rows.run, "state": rows.state, "cause": rows.cause.where(rows.cause != "", WAITING)})


def measured(rows: pd.DataFrame) -> list[str]:
    """Name the metrics that some run has."""
    return [name for name in METRICS if name in rows and rows[name].notna().any()]


def _with_interval(row: Any, name: str) -> str:
    metric = METRICS[name]
    if pd.isna(row.low):
        return metric.text(row.mean)
    return f"{metric.text(row.mean)} ({metric.text(row.low)} to {metric.text(row.high)})"
