"""What the figures and tables of a comparison show: a sentence each, from what is drawn, to begin a caption."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import combinations

import pandas as pd

from srgan_lib.formatting import counted, listed
from srgan_lib.metrics.measure import METRICS
from srgan_report.sweep.expansion import Factor
from srgan_report.sweep.statistics import pareto

FALLEN = 0.1  #: dB by which a training must end below its best to be counted


def extremes(rows: pd.DataFrame, metrics: Sequence[str], *factors: Factor) -> str:
    """Say where the mean of each metric is best and where worst: by level of factors, or by setting."""
    by = [factor.name for factor in factors] or ["setting"]
    said = []
    for name in metrics:
        metric = METRICS[name]
        means = rows.groupby(by)[name].mean().sort_values(ascending=not metric.higher_is_better, kind="stable")
        best, worst = (metric.phrase(means.iloc[end]) for end in (0, -1))
        first, last = (" and ".join([at] if isinstance(at, str) else at) for at in (means.index[0], means.index[-1]))
        where = f"best at {first} ({best}) and worst at {last} ({worst})" if best != worst else f"{best} everywhere"
        said.append(f"{metric.label} is {where}")
    return escape(f"{'; '.join(said)}.", quote=False)


def between_seeds(rows: pd.DataFrame, metrics: Sequence[str]) -> str:
    """Say how far runs of one setting lie apart at most."""
    settings = rows.groupby("setting")
    if settings.seed.nunique().max() < 2:
        return "Each setting has one seed."
    most = {name: float((settings[name].max() - settings[name].min()).max()) for name in metrics}
    apart = [f"{METRICS[name].phrase(value)} ({METRICS[name].label})" for name, value in most.items()]
    return f"Runs of one setting lie up to {listed(apart)} apart."


def ends_of_training(curves: pd.DataFrame) -> str:
    """Say how many runs end above bicubic, and how many below what they had reached before."""
    runs = [run for _, run in curves.groupby("run")]
    above = sum(run.psnr_y.iloc[-1] > run.psnr_y_bicubic.iloc[-1] for run in runs)
    fallen = sum(run.psnr_y.iloc[-1] < run.psnr_y.max() - FALLEN for run in runs)
    return (
        f"By PSNR-Y, of {counted(len(runs), 'run')} {above} end above bicubic, and {fallen} end more than {FALLEN} dB "
        "below their own best."
    )


def on_the_front(rows: pd.DataFrame) -> str:
    """Say how many runs no other beats in both measures, and of how many settings they are."""
    front = pareto(rows)
    return (
        f"Of {counted(len(rows), 'run')} {len(front)} lie on the front, of {front.setting.nunique()} of the settings."
    )


def rank_correlations(rows: pd.DataFrame, names: Sequence[str]) -> str:
    """Say how alike each pair of metrics ranks the runs."""
    order = rows[list(names)].corr(method="spearman").stack().dropna()  # without pairs that cannot be ranked
    pairs = [
        f"{METRICS[one].label} and {METRICS[other].label} {f'{order[one, other]:.2f}'.replace('-', '−')}"
        for one, other in combinations(names, 2)
        if (one, other) in order
    ]
    ranked = "; ".join(pairs) or "none, for no two metrics rank them"
    return f"Spearman's rank correlations over {counted(len(rows), 'run')}: {ranked}."
