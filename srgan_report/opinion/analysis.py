"""From pooled answers to the tables of a study: scores, differences, raters, images, and which metric agrees."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from srgan_lib.evaluation.statistics import CrossedMean
from srgan_lib.metrics.measure import METRICS
from srgan_report.opinion.answers import Pool, preferences, repeatability, vote_array, vote_table
from srgan_report.opinion.preferences import (
    Strengths,
    bradley_terry,
    rater_agreement,
    strengths_with_intervals,
    win_matrix,
)
from srgan_report.opinion.ratings import (
    correlations,
    difference,
    fit_raters,
    krippendorff_alpha,
    method_means,
    raters_needed,
    screened,
)
from srgan_report.opinion.stimuli import COMPARED
from srgan_report.opinion.study import OpinionError, Study

TABLES = ("scores", "differences", "raters", "images", "metrics", "votes")
FEWEST = 5  #: points below which no correlation with a metric is given
RESAMPLES = 1000  #: of the intervals of these correlations
CHANCE = 0.05  #: p-value above which a rater of pairs cannot be told from a coin, and is screened


@dataclass(frozen=True)
class Analysis:
    """What a study says.

    Attributes
    ----------
    scores : a row for each method: its mean opinion score, or its strength in log-odds, with both intervals.
    differences : a row for each pair of methods, the better one first.
    raters : a row for each rater, with why one does not count.
    images : a row for each image: how far apart methods are on it, and how much the first two methods' difference
        changes without it.
    metrics : which metric agrees.
    votes : every vote, decoded.
    summary : numbers about the whole study.
    current : whether the images that were rated are those that the run has now.
    """

    scores: pd.DataFrame
    differences: pd.DataFrame
    raters: pd.DataFrame
    images: pd.DataFrame
    metrics: pd.DataFrame
    votes: pd.DataFrame
    summary: dict[str, Any]
    current: bool = True

    @property
    def rating(self) -> bool:
        """Whether raters gave grades rather than preferences."""
        return self.summary["kind"] == "rating"


def analyse(study: Study, pooled: Pool, measured: pd.DataFrame) -> Analysis:
    """Compute everything that is reported of a study.

    Parameters
    ----------
    measured : metrics of what was shown; columns dataset, image, method and metrics.

    Raises
    ------
    OpinionError
        Without a rater that counts.
    """
    if not pooled.kept:
        why = "; ".join(f"{name}: {reason}" for name, reason in pooled.left_out)
        raise OpinionError(
            f"no answers that count{f' ({why})' if why else ''}; send {study.id}'s opinion.html to raters"
        )
    table = vote_table(study, pooled.kept)
    kind = _Ratings if study.design.kind == "rating" else _Pairs
    found = kind(study, table)
    raters = found.raters.assign(seconds=table.groupby("rater", sort=False).seconds.median().to_numpy())
    raters = raters.join(repeatability(study, table), on="rater")
    counted = table[table.rater.isin(raters.rater[raters.left_out_because == ""])]
    if counted.empty:
        raise OpinionError(
            "no rater is left: " + "; ".join(f"{r.rater} {r.left_out_because}" for r in raters.itertuples())
        )
    metrics = metric_agreement(found.points, _metric_arrays(study, measured))
    summary = {
        "study": study.id,
        "kind": study.design.kind,
        "question": study.design.question,
        "simulated": any(one.simulated for one in pooled.kept.values()),
        "raters": int((raters.left_out_because == "").sum()),
        "raters_left_out": int((raters.left_out_because != "").sum()),
        "images": len(study.images),
        "votes": len(counted),
        "files_left_out": [list(one) for one in pooled.left_out],
        "notes": pooled.notes,
        **found.summary,
    }
    return Analysis(found.scores, found.differences, raters, found.images, metrics, table, summary)


class _Ratings:
    """Mean opinion scores."""

    def __init__(self, study: Study, table: pd.DataFrame) -> None:
        every = vote_array(study, table)
        names = list(table.rater.unique())
        out = screened(every) if len(names) > 2 else {}
        votes = np.delete(every, list(out), axis=0)
        means, model = method_means(votes), fit_raters(votes) if len(votes) else None
        self.points = votes
        self.summary = {"alpha": krippendorff_alpha(votes) if len(votes) > 1 else None}
        self.scores = pd.DataFrame(
            [
                {
                    "method": method,
                    "votes": int(np.isfinite(votes[:, :, m]).sum()),
                    "mos": means[m].value,
                    **_ends(means[m]),
                    "recovered": np.nanmean(model.quality[:, m]) if model else np.nan,
                    **{f"share_{grade}":
                       float((votes[:, :, m] == grade).sum() / max(np.isfinite(votes[:, :, m]).sum(), 1))
                       for grade in range(1, 6)},
                }
                for m, method in enumerate(study.methods)
            ]
        )  # fmt: skip
        order = np.argsort([-mean.value for mean in means], kind="stable")
        self.differences = pd.DataFrame(
            [_difference(study, votes, int(one), int(two)) for one, two in combinations(order, 2)]
        )
        self.raters = _rater_rows(names, every, votes, out)
        self.images = _image_rows(study, votes, order)


class _Pairs:
    """Strengths of the methods."""

    def __init__(self, study: Study, table: pd.DataFrame) -> None:
        count = len(study.methods)
        every, names = preferences(study, table), list(table.rater.unique())
        chance = rater_agreement(every, count) if len(names) > 2 else {}
        out = {
            rater: f"cannot be told from a coin: p = {value:.2f} that the agreement with the others is chance"
            for rater, value in chance.items()
            if value > CHANCE
        }
        votes = every[~every.rater.isin(list(out))]
        found = strengths_with_intervals(votes, count)
        wins = win_matrix(votes, count)
        sides = table[~table["repeat"]].side
        self.summary = {"regularised": found.regularised, "first_preferred": float((sides == 1).mean())}
        self.scores = pd.DataFrame(
            {
                "method": study.methods,
                "votes": (wins + wins.T).sum(1).astype(int),
                "strength": found.value,
                **_ends(found),
                **{f"over_{name}": _share(wins[:, m], wins[m]) for m, name in enumerate(study.methods)},
            }
        )
        order = np.argsort(-found.value, kind="stable")
        self.differences = pd.DataFrame(
            [
                {
                    "first": study.methods[one],
                    "second": study.methods[two],
                    "votes": int(wins[one, two] + wins[two, one]),
                    "preferred": _share(wins[one, two], wins[two, one]),
                    "predicted": expit(found.value[one] - found.value[two]),
                }
                for one, two in combinations(order, 2)
            ]
        )
        self.raters = pd.DataFrame(
            {
                "rater": names,
                "votes": [int((every.rater == number).sum()) for number in range(len(names))],
                "p_chance": [chance.get(number, np.nan) for number in range(len(names))],
                "left_out_because": [out.get(number, "") for number in range(len(names))],
            }
        )
        by_image = [
            bradley_terry(win_matrix(votes[votes.image == image], count) + 0.5 * (1 - np.eye(count)))
            for image in range(len(study.images))
        ]
        self.points = np.array(by_image)[None]
        self.images = pd.DataFrame(
            [
                {"dataset": dataset, "image": image, "spread": float(np.std(strengths))}
                for (dataset, image), strengths in zip(study.images, by_image, strict=True)
            ]
        )


def _ends(found: CrossedMean | Strengths) -> dict[str, Any]:
    return {
        "these_low": found.value - found.half_these,
        "these_high": found.value + found.half_these,
        "kind_low": found.value - found.half_kind,
        "kind_high": found.value + found.half_kind,
    }


def _difference(study: Study, votes: np.ndarray, one: int, two: int) -> dict[str, Any]:
    found = difference(votes, one, two)
    return {
        "first": study.methods[one],
        "second": study.methods[two],
        "difference": found.value,
        **_ends(found),
        "raters_needed": raters_needed(found, found.value, len(study.images)),
    }


def _rater_rows(names: list[str], every: np.ndarray, votes: np.ndarray, out: dict[int, str]) -> pd.DataFrame:
    """Describe raters; bias and inconsistency are of the model of those that count."""
    inside = [number for number in range(len(names)) if number not in out]
    model = fit_raters(votes) if inside else None
    bias, inconsistency = np.full((2, len(names)), np.nan)
    if model:
        bias[inside], inconsistency[inside] = model.bias, model.inconsistency
    related = correlations(every)
    return pd.DataFrame(
        {
            "rater": names,
            "votes": np.isfinite(every).sum((1, 2)),
            "mean": [float(np.nanmean(own)) for own in every],
            "bias": bias,
            "inconsistency": inconsistency,
            "correlation_images": related[:, 0],
            "correlation_methods": related[:, 1],
            "left_out_because": [out.get(number, "") for number in range(len(names))],
        }
    )


def _image_rows(study: Study, votes: np.ndarray, order: np.ndarray) -> pd.DataFrame:
    """Describe images by what they do to the result: spread of methods, disagreement, and leaving one out."""
    judged = [method for method in order if study.methods[method] != "hr"]
    rows = []
    for number, (dataset, image) in enumerate(study.images):
        here = votes[:, number]
        row: dict[str, Any] = {"dataset": dataset, "image": image}
        if np.isfinite(here).any():
            known = here[:, np.isfinite(here).any(0)]
            row |= {
                "spread": float(np.std(np.nanmean(known, axis=0))),
                "disagreement": float(np.nanmean(np.nanstd(known, axis=0))),
            }
        if len(judged) > 1 and votes.shape[1] > 1:
            rest = np.delete(votes, number, axis=1)
            row["lead_without"] = difference(rest, judged[0], judged[1]).value
        rows.append(row)
    return pd.DataFrame(rows)


def _metric_arrays(study: Study, measured: pd.DataFrame) -> dict[str, np.ndarray]:
    """Arrange metrics as images × methods."""
    arrays = {}
    for name in (name for name in COMPARED if name in measured):
        table = measured.pivot(index=["dataset", "image"], columns="method", values=name)
        arrays[name] = table.reindex(
            index=pd.MultiIndex.from_tuples(study.images), columns=list(study.methods)
        ).to_numpy(float)
    return arrays


def _share(part: Any, other: Any) -> Any:
    """Divide, where there is anything to divide."""
    total = part + other
    return np.where(total > 0, part / np.where(total > 0, total, 1), np.nan)


def metric_agreement(scores: np.ndarray, metrics: dict[str, np.ndarray], seed: int = 0) -> pd.DataFrame:
    """Correlate people's scores with metrics over all images and methods.

    A metric for which lower is better is turned round: a positive correlation means agreement for all of them.

    Parameters
    ----------
    scores : R×I×M votes of raters that count, NaN where there is none; or 1×I×M scores.
    metrics : I×M each, by name; NaN where a metric was not computed, and for the original itself.
    seed : of the bootstrap, which draws raters and images anew, both at once.

    Returns
    -------
    One row for each metric that was computed: Spearman's and Pearson's correlation over the points with their 95 %
    intervals, and over_methods, Spearman's of the methods' means.

    References
    ----------
    A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007.
    """
    rng = np.random.default_rng(seed)
    raters, images, methods = scores.shape
    draws = [(np.arange(raters), np.arange(images))]
    draws += [(rng.integers(raters, size=raters), rng.integers(images, size=images)) for _ in range(RESAMPLES)]
    votes = np.ma.masked_invalid(scores)
    people = np.array([votes[chosen][:, places].mean(0).filled(np.nan) for chosen, places in draws])
    rows = []
    for name, values in metrics.items():
        values = values if METRICS[name].higher_is_better else -values
        drawn = np.array([values[places] for _, places in draws])
        common = np.isfinite(people) & np.isfinite(drawn)  # draws × images × methods
        if common[0].sum() < FEWEST:
            continue
        pairs = [
            pd.DataFrame(np.where(common, side, np.nan).reshape(len(draws), -1).T)  # a column for each draw
            for side in (people, drawn)
        ]
        row: list[object] = [name, int(common[0].sum())]
        for one, other in ([side.rank() for side in pairs], pairs):
            found = one.corrwith(other)
            row += [found[0], *np.nanpercentile(found[1:], [2.5, 97.5])]
        means = [side[0].groupby(np.arange(len(side)) % methods).mean().rank() for side in pairs]
        over = means[0].corr(means[1]) if means[0].count() > 2 else np.nan
        rows.append([*row, over])
    ends = [f"{name}{end}" for name in ("spearman", "pearson") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=["metric", "points", *ends, "over_methods"])
