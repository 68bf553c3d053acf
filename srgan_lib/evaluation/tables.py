"""The summary of the scores by dataset, method and metric, and what is written to files from it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from srgan_lib.evaluation.statistics import holm, mean_interval, signed_rank_test
from srgan_lib.evaluation.verdicts import PairedScores, ScoreTable
from srgan_lib.methods import BASELINE, label_of
from srgan_lib.metrics.measure import METRICS

SUMMARY_COLUMNS = (
    *("dataset", "method", "metric", "n", "mean", "std", "median", "iqr", "ci_low", "ci_high"),
    *("difference", "difference_low", "difference_high", "better_on", "p_value", "effect_size"),
    *("driven_by", "mean_without", "trainings", "training_std"),
)


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
        table = by_method(rows.assign(text=text), "text").rename(columns=lambda name: METRICS[name].heading)
        table.index = pd.Index([label_of(name) for name in table.index], name="method")
        parts.append(f"{dataset}, {rows.n.max()} images\n{table.to_string()}\n")
    return "\n".join(parts)


def by_method(rows: pd.DataFrame, values: str) -> pd.DataFrame:
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
