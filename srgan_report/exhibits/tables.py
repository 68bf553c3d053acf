"""Tables of the scores to read: rows by method, numbers with decimals that mean something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from srgan_lib.evaluation.methods import CLASSICAL
from srgan_lib.evaluation.tables import by_method
from srgan_lib.methods import BASELINE, label_of
from srgan_lib.metrics.measure import METRICS
from srgan_lib.models.shipped import own_methods

#: Metrics of what a network may draw wrongly.
ARTEFACTS = ("grid_artefact", "flat_noise", "spectral_evenness", "log_spectral_distance")


def overview(summary: pd.DataFrame, dataset: str) -> dict[str, Any]:
    """Tabulate each method's mean by each metric that was computed on one dataset of ``metrics_summary.csv``.

    They are arguments for showing it: ``frame``, and per column ``best`` (of the run's own methods) and ``formats``.
    """
    rows = summary[summary.dataset == dataset]
    means = by_method(rows, "mean")
    best = {name: METRICS[name].best(means[name][ranked(means.index, name)]) for name in map(str, means)}
    return {
        "frame": _labelled(means.rename(columns=lambda name: METRICS[name].heading).reset_index()),
        "best": {METRICS[name].heading: value for name, value in best.items()},
        "formats": {METRICS[name].heading: f".{METRICS[name].digits}f" for name in map(str, means)},
    }


def ranked(methods: Iterable[str], metric: str) -> list[str]:
    """Choose the methods among which a table names the best: this run's, and by artefacts its networks alone.

    Interpolation makes none of what networks are watched for, and nearest has the spectrum of its blocks.
    """
    left_out = CLASSICAL if metric in ARTEFACTS else ()
    return [method for method in own_methods(methods) if method not in left_out]


def detail(summary: pd.DataFrame, dataset: str, metric: str) -> dict[str, Any]:
    """Tabulate one metric on one dataset: spread (IQR: interquartile range), interval, difference from baseline, test.

    With several trainings there is also the standard deviation over them. What is returned is as for :func:`overview`.
    """
    rows = summary[(summary.dataset == dataset) & (summary.metric == metric)]
    measure = METRICS[metric]

    def between(low: float, high: float, sign: bool = False) -> str:
        return "–" if pd.isna(low) else f"{measure.text(low, sign)} to {measure.text(high, sign)}"

    def difference(row: Any) -> str:
        text = "" if pd.isna(row.difference) else measure.text(row.difference, sign=True)
        if pd.isna(row.difference_low):
            return text
        return f"{text} ({between(row.difference_low, row.difference_high, sign=True)})"

    each: list[Any] = list(rows.itertuples())
    frame = pd.DataFrame(
        {
            "method": rows.method,
            measure.heading: rows["mean"],
            "std": rows["std"],
            "median": rows["median"],
            "IQR": rows.iqr,
            "95 % interval": list(map(between, rows.ci_low, rows.ci_high)),
            f"from {BASELINE}": [difference(row) for row in each],
            "better on": ["" if pd.isna(row.better_on) else f"{row.better_on:.0f} of {row.n}" for row in each],
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
        "best": {measure.heading: measure.best(rows["mean"][rows.method.isin(ranked(rows.method, metric))])},
        "formats": dict.fromkeys(columns, f".{measure.digits}f") | {"p (Holm)": ".3f", "effect": ".2f"},
    }


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(method=frame["method"].map(label_of))
