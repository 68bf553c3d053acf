"""The summary as tables to read: rows by method, numbers with the decimals that mean something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from srgan_lib.methods import BASELINE, method_styles
from srgan_lib.metrics.registry import METRICS
from srgan_lib.weights import own_methods


def overview(summary: pd.DataFrame, dataset: str) -> dict[str, Any]:
    """Tabulate each method's mean by each metric that was computed on one dataset.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    dataset : one of its datasets.

    Returns
    -------
    Arguments for showing the table: ``frame``, and per column ``best`` (of the run's own methods) and ``formats``.
    """
    rows = summary[summary.dataset == dataset]
    means = rows.pivot(index="method", columns="metric", values="mean").loc[rows.method.unique()]
    shown = [name for name in METRICS if name in means]
    frame = pd.DataFrame({METRICS[name].heading: means[name] for name in shown})
    return {
        "frame": _labelled(frame.reset_index()),
        "best": {
            METRICS[name].heading: METRICS[name].best(means.loc[own_methods(means.index), name]) for name in shown
        },
        "formats": {METRICS[name].heading: f".{METRICS[name].digits}f" for name in shown},
    }


def detail(summary: pd.DataFrame, dataset: str, metric: str) -> dict[str, Any]:
    """Tabulate one metric on one dataset: spread (IQR: interquartile range), interval, difference from the baseline, test;
    with several trainings also the standard deviation over them.

    Parameters and what is returned as for :func:`overview`.
    """
    rows = summary[(summary.dataset == dataset) & (summary.metric == metric)]
    measure = METRICS[metric]

    def interval(low: float, high: float) -> str:
        return "–" if pd.isna(low) else f"{measure.text(low)} to {measure.text(high)}"

    def difference(row: Any) -> str:
        if pd.isna(row.difference):
            return ""
        text = measure.text(row.difference, sign=True)
        if pd.isna(row.difference_low):
            return text
        return (
            f"{text} ({measure.text(row.difference_low, sign=True)} to {measure.text(row.difference_high, sign=True)})"
        )

    def better_on(row: Any) -> str:
        return "" if pd.isna(row.better_on) else f"{row.better_on:.0f} of {row.n}"

    frame = pd.DataFrame(
        {
            "method": rows.method,
            measure.heading: rows["mean"],
            "std": rows["std"],
            "median": rows["median"],
            "IQR": rows.iqr,
            "95 % interval": [interval(low, high) for low, high in zip(rows.ci_low, rows.ci_high, strict=True)],
            f"from {BASELINE}": [difference(row) for row in rows.itertuples()],
            "better on": [better_on(row) for row in rows.itertuples()],
            "over trainings": rows.training_std,
            "p (Holm)": rows.p_value,
            "effect": rows.effect_size,
            "driven by": rows.driven_by,
        }
    )
    unknown = [name for name in ("p (Holm)", "over trainings") if frame[name].isna().all()]
    frame = frame.drop(columns=unknown)  # too few images for any test, and one training of each network
    columns = (measure.heading, "std", "median", "IQR", "over trainings")
    return {
        "frame": _labelled(frame),
        "best": {measure.heading: measure.best(rows["mean"][rows.method.isin(own_methods(rows.method))])},
        "formats": dict.fromkeys(columns, f".{measure.digits}f") | {"p (Holm)": ".3f", "effect": ".2f"},
    }


def along(summary: pd.DataFrame, shares: Mapping[str, float]) -> pd.DataFrame:
    """Tabulate the networks between two others: their means by dataset and share of the second's weights.

    Parameters
    ----------
    summary : as ``metrics_summary.csv``.
    shares : of each method in question.

    Returns
    -------
    Columns dataset, share, method and each metric's mean.
    """
    rows = summary[summary.method.isin(shares.keys())]
    rows = rows.assign(share=[shares[method] for method in rows.method])
    table = rows.pivot(index=["dataset", "share", "method"], columns="metric", values="mean")
    return table[[name for name in METRICS if name in table]].rename_axis(columns=None).reset_index()


def as_text(summary: pd.DataFrame) -> str:
    """Format the summary as plain text: for each dataset, mean ± standard deviation over images by method and metric."""
    parts = []
    for dataset, rows in summary.groupby("dataset", sort=False):
        text = rows.assign(
            text=[
                f"{METRICS[row['metric']].text(row['mean'])} ± {METRICS[row['metric']].text(row['std'])}"
                for row in rows.to_dict("records")
            ]
        )
        table = text.pivot(index="method", columns="metric", values="text").loc[rows.method.unique()]
        table = table[[name for name in METRICS if name in table]].rename(columns=lambda name: METRICS[name].heading)
        parts.append(f"{dataset}, {rows.n.max()} images\n{table.rename_axis(columns=None).to_string()}\n")
    return "\n".join(parts)


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    labels = {method: style.label for method, style in method_styles(frame["method"]).items()}
    return frame.assign(method=frame["method"].map(labels))
