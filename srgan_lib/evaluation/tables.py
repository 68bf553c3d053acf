"""The summary of the scores, and tables to read of it: rows by method, numbers with decimals that mean something."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from srgan_lib.evaluation.methods import CLASSICAL
from srgan_lib.evaluation.statistics import holm, mean_interval, signed_rank_test
from srgan_lib.evaluation.verdicts import PairedScores, ScoreTable
from srgan_lib.methods import BASELINE, method_styles
from srgan_lib.metrics.measure import METRICS
from srgan_lib.models.shipped import own_methods

SUMMARY_COLUMNS = (
    *("dataset", "method", "metric", "n", "mean", "std", "median", "iqr", "ci_low", "ci_high"),
    *("difference", "difference_low", "difference_high", "better_on", "p_value", "effect_size"),
    *("driven_by", "mean_without", "trainings", "training_std"),
)
#: Metrics of what a network may draw wrongly.
ARTEFACTS = ("grid_artefact", "flat_noise", "spectral_evenness", "log_spectral_distance")


def summarise(metrics: pd.DataFrame, repeats: pd.DataFrame | None = None) -> pd.DataFrame:
    """Summarise ``metrics.csv`` and ``repeats.csv`` into ``metrics_summary.csv``.

    Parameters
    ----------
    metrics : columns dataset, image, method and metrics; NaN where a metric was not computed.
    repeats : the same for networks that were trained again under other seeds, with the column ``repeat``.

    Returns
    -------
    One row for each dataset, method and metric, from the images for which the metric was computed for all methods:

    n, mean, std (with n - 1), median, iqr (interquartile range)
        of the images' scores, each the mean over trainings.
    ci_low, ci_high
        95 % interval of the mean (:func:`.statistics.mean_interval`); NaN for fewer than four images.
    difference, difference_low, difference_high, better_on
        mean of the images' differences from the baseline, with its interval (:func:`.statistics.difference_interval`),
        and the number of images on which the method is better.
    p_value, effect_size
        of a two-sided Wilcoxon signed-rank test of these differences, corrected by Holm's method for the number of
        methods compared; NaN for fewer than six images, of which no order of ranks reaches p < .05. The effect is the
        matched-pairs rank-biserial correlation (Kerby 2014): from -1, all images below the baseline, to 1.
    driven_by, mean_without
        the image without which the mean changes most, and the mean without it.
    trainings, training_std
        how many networks the mean is over, and the standard deviation of their means; NaN for one.
    """
    frames = []
    with np.errstate(invalid="ignore"):  # equal images have an infinite PSNR, whose spread is undefined
        for dataset, group in metrics.groupby("dataset", sort=False):
            tables = PairedScores(group, repeats).tables.values()
            frames += [_described(table).assign(dataset=dataset) for table in tables]
    return pd.concat(frames, ignore_index=True).reindex(columns=SUMMARY_COLUMNS)


def overview(summary: pd.DataFrame, dataset: str) -> dict[str, Any]:
    """Tabulate each method's mean by each metric that was computed on one dataset of ``metrics_summary.csv``.

    Returns
    -------
    Arguments for showing the table: ``frame``, and per column ``best`` (of the run's own methods) and ``formats``.
    """
    rows = summary[summary.dataset == dataset]
    means = _by_method(rows, "mean")
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


def along(summary: pd.DataFrame, shares: Mapping[str, float]) -> pd.DataFrame:
    """Tabulate networks between two others: each metric's mean by dataset, share of the second's weights and method.

    ``shares`` has the share of each method in question.
    """
    rows = summary[summary.method.isin(shares.keys())]
    rows = rows.assign(share=[shares[method] for method in rows.method])
    table = rows.pivot(index=["dataset", "share", "method"], columns="metric", values="mean")
    return table[[name for name in METRICS if name in table]].rename_axis(columns=None).reset_index()


def as_text(summary: pd.DataFrame) -> str:
    """Format the summary as plain text: per dataset, mean ± standard deviation over images by method and metric."""
    parts = []
    for dataset, rows in summary.groupby("dataset", sort=False):
        scores = zip(rows.metric, rows["mean"], rows["std"], strict=True)
        text = [f"{METRICS[name].text(mean)} ± {METRICS[name].text(std)}" for name, mean, std in scores]
        table = _by_method(rows.assign(text=text), "text").rename(columns=lambda name: METRICS[name].heading)
        table.index = pd.Index([style.label for style in method_styles(table.index).values()], name="method")
        parts.append(f"{dataset}, {rows.n.max()} images\n{table.to_string()}\n")
    return "\n".join(parts)


def _by_method(rows: pd.DataFrame, values: str) -> pd.DataFrame:
    """Spread one dataset's rows by method down and metric across, each in its order."""
    table = rows.pivot(index="method", columns="metric", values=values).loc[rows.method.unique()]
    return table[[name for name in METRICS if name in table]].rename_axis(columns=None)


def _described(table: ScoreTable) -> pd.DataFrame:
    """Summarise one metric on one dataset."""
    scores = pd.DataFrame(table.values.mean(axis=0), table.images, table.methods)
    trainings, count, _ = table.values.shape
    rows = pd.DataFrame(
        {
            "metric": table.metric,
            "n": count,
            "mean": scores.mean(),
            "std": scores.std(),
            "median": scores.median(),
            "iqr": scores.quantile(0.75) - scores.quantile(0.25),
            "trainings": 1,
        }
    ).rename_axis("method")
    bounds = METRICS[table.metric].bounds
    rows[["ci_low", "ci_high"]] = [mean_interval(table.of(method), bounds) for method in table.methods]
    others = [method for method in table.methods if method != BASELINE]
    if BASELINE in table.methods and others:
        found = [table.compare(method, BASELINE) for method in others]
        compared = pd.DataFrame(found, others)[["difference", "low", "high", "better_on"]]
        compared = compared.rename(columns={"low": "difference_low", "high": "difference_high"})
        tests = [signed_rank_test((table.of(method) - table.of(BASELINE)).mean(axis=0)) for method in others]
        p_values, effects = zip(*tests, strict=True)
        rows = rows.join(compared.assign(p_value=holm(p_values), effect_size=effects))
    finite = scores.loc[:, np.isfinite(scores.mean())]
    if count > 1 and len(finite.columns):
        without = (finite.sum() - finite) / (count - 1)
        rows["driven_by"] = drivers = (without - finite.mean()).abs().idxmax()
        rows["mean_without"] = pd.Series({method: without[method][image] for method, image in drivers.items()})
    if trainings > 1:
        spread = table.values.mean(axis=1).std(axis=0, ddof=1)
        rows["trainings"] = [trainings if trained else 1 for trained in np.ptp(table.values, axis=0).any(axis=0)]
        rows["training_std"] = np.where(rows.trainings > 1, spread, np.nan)
    return rows.reset_index()


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    labels = {method: style.label for method, style in method_styles(frame["method"]).items()}
    return frame.assign(method=frame["method"].map(labels))
