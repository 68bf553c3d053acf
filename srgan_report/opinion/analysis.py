"""From pooled answers to the tables of a study: scores, differences, raters, images, and which metric agrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from srgan_lib.evaluation.statistics import CrossedMean
from srgan_lib.metrics.measure import METRICS
from srgan_report.opinion import preferences, ratings, screening
from srgan_report.opinion.answers import Pool, numbered, repeatability, vote_array, vote_table
from srgan_report.opinion.stimuli import COMPARED
from srgan_report.opinion.study import ORIGINAL, OpinionError, Study

TABLES = ("scores", "differences", "raters", "images", "metrics", "votes")
FEWEST = 5  #: points below which no correlation with a metric is given
RESAMPLES = 1000  #: of the intervals of these correlations


@dataclass(frozen=True)
class Analysis:
    """What a study says: the tables that are written as ``opinion_*.csv``, and numbers about the whole study."""

    #: A row for each method, with both intervals: mean opinion score; of pairs the preference, which is the probability
    #: to be preferred to a method of average strength.
    scores: pd.DataFrame
    differences: pd.DataFrame  #: a row for each pair of methods, the better one first
    raters: pd.DataFrame  #: a row for each rater, with why one does not count
    images: pd.DataFrame  #: a row for each image: how far apart methods are on it, and the lead without it
    metrics: pd.DataFrame  #: which metric agrees
    votes: pd.DataFrame  #: every vote, decoded
    summary: dict[str, Any]
    current: bool = True  #: whether the images that were rated are those that the run has now

    @property
    def rating(self) -> bool:
        """Whether raters gave grades rather than preferences."""
        return self.summary["kind"] == "rating"

    @property
    def too_few(self) -> bool:
        """Whether so few raters count that nothing may be ranked."""
        return self.summary["raters"] < screening.FEWEST_RATERS

    def in_order(self) -> pd.DataFrame:
        """Return the scores of what was voted on, the best first; of too few raters in the methods' order."""
        value, voted = "mos" if self.rating else "preference", self.scores[self.scores.votes > 0]
        return voted if self.too_few else voted.sort_values(value, ascending=False, kind="stable")


class _Found(NamedTuple):
    """What is computed of ratings in one way and of pairs in another."""

    points: np.ndarray  #: R×I×M votes that count, or 1×I×M strengths, to be compared with metrics
    summary: dict[str, Any]
    scores: pd.DataFrame
    differences: pd.DataFrame
    raters: dict[str, Any]  #: the columns that only this kind has, like those of images
    images: pd.DataFrame
    left_out: dict[int, str]  #: why raters do not count, by their numbers


def analyse(study: Study, pooled: Pool, measured: pd.DataFrame) -> Analysis:
    """Compute everything that is reported of a study; an :class:`OpinionError` says if no rater counts.

    Parameters
    ----------
    measured : metrics of what was shown; columns dataset, image, method and metrics.
    """
    if not pooled.kept:
        why = "; ".join(f"{name}: {reason}" for name, reason in pooled.left_out)
        raise OpinionError(
            f"no answers that count{f' ({why})' if why else ''}; send {study.id}'s opinion.html to raters"
        )
    table = vote_table(study, pooled.kept)
    names = list(table.rater.unique())
    rating = study.design.kind == "rating"
    careless = screening.inattentive(table.assign(rater=pd.factorize(table.rater)[0]))
    found = (_of_ratings if rating else _of_pairs)(study, numbered(study, table), names, careless)
    out = found.left_out
    given = table.groupby("rater", sort=False)["vote" if rating else "side"]
    raters = pd.DataFrame(
        {
            "rater": names,
            **found.raters,
            "left_out_because": [out.get(number) for number in range(len(names))],
            "seconds": table.groupby("rater", sort=False).seconds.median().to_numpy(),
            "same_vote": given.agg(lambda own: own.value_counts(normalize=True).max()).to_numpy(),
        }
    ).join(repeatability(study, table), on="rater")
    images = pd.DataFrame(list(study.images), columns=["dataset", "image"]).join(found.images)
    summary = {
        "study": study.id,
        "kind": study.design.kind,
        "question": study.design.question,
        "simulated": any(one.simulated for one in pooled.kept.values()),
        "raters": len(names) - len(out),
        "raters_left_out": len(out),
        "images": len(study.images),
        "votes": int((~table.rater.isin([names[number] for number in out])).sum()),
        "files_left_out": [list(one) for one in pooled.left_out],
        "notes": pooled.notes,
        **found.summary,
    }
    metrics = metric_agreement(found.points, _metric_arrays(study, measured))
    return Analysis(found.scores, found.differences, raters, images, metrics, table, summary)


def _of_ratings(study: Study, table: pd.DataFrame, names: list[str], out: dict[int, str]) -> _Found:
    """Compute mean opinion scores; raters' bias and inconsistency are of the model of those that count."""
    every = vote_array(study, table)
    looked = _inside(names, out)
    correlations = np.full((len(names), 2), np.nan)
    correlations[looked] = ratings.correlations(every[looked])
    if len(looked) > 2:
        out = out | screening.unlike_the_others(correlations)
    inside = _inside(names, out)
    votes = every[inside]
    means, model = ratings.method_means(votes), ratings.fit_raters(votes)
    grades = (votes[..., None] == ratings.GRADES).sum((0, 1))  # methods × grades: how often each was given
    rows = [
        {
            "method": method,
            "votes": given.sum(),
            "mos": mean.value,
            **_ends(mean, len(inside), (1, 5)),
            "recovered": pd.Series(recovered).mean(),
        }
        for method, mean, given, recovered in zip(study.methods, means, grades, model.quality.T, strict=True)
    ]
    columns = [f"share_{grade}" for grade in ratings.GRADES]
    shares = pd.DataFrame(grades / np.maximum(grades.sum(1, keepdims=True), 1), columns=columns)
    scores = pd.DataFrame(rows).join(shares)
    order = np.argsort([-mean.value for mean in means], kind="stable").tolist()
    differences = []
    for one, two in combinations(order, 2):
        gap = ratings.difference(votes, one, two)
        row = {"first": study.methods[one], "second": study.methods[two], "difference": gap.value}
        row |= _ends(gap, len(inside), (-4, 4))
        differences.append({**row, "raters_needed": ratings.raters_needed(gap, gap.value, len(study.images))})
    bias, inconsistency = np.full((2, len(names)), np.nan)
    bias[inside], inconsistency[inside] = model.bias, model.inconsistency
    raters = {
        "votes": np.isfinite(every).sum((1, 2)),
        "mean": [np.nanmean(own) for own in every],
        "bias": bias,
        "inconsistency": inconsistency,
        "correlation_images": correlations[:, 0],
        "correlation_methods": correlations[:, 1],
    }
    lead = [method for method in order if study.methods[method] != ORIGINAL][:2]
    images = [_image_row(votes, image, lead) for image in range(len(study.images))]
    summary = {"alpha": ratings.krippendorff_alpha(votes) if len(votes) > 1 else None}
    return _Found(votes, summary, scores, pd.DataFrame(differences), raters, pd.DataFrame(images), out)


def _image_row(votes: np.ndarray, image: int, lead: list[int]) -> dict[str, Any]:
    """Say what an image does to the result: spread of methods, disagreement, and the first two's gap without it."""
    row: dict[str, Any] = {}
    here = votes[:, image]
    if np.isfinite(here).any():
        known = here[:, np.isfinite(here).any(0)]
        row["spread"] = np.std(np.nanmean(known, axis=0))
        row["disagreement"] = np.nanmean(np.nanstd(known, axis=0))
    if len(lead) > 1 and votes.shape[1] > 1:
        row["lead_without"] = ratings.difference(np.delete(votes, image, axis=1), *lead).value
    return row


def _of_pairs(study: Study, every: pd.DataFrame, names: list[str], out: dict[int, str]) -> _Found:
    """Compute strengths of the methods."""
    count, numbers, looked = len(study.methods), range(len(names)), _inside(names, out)
    own = every[every.rater.isin(looked)]
    chance = preferences.rater_agreement(own, count) if len(looked) > 2 else {}
    out = out | screening.like_a_coin(chance)
    inside = _inside(names, out)
    votes = every[every.rater.isin(inside)]
    found = preferences.strengths_with_intervals(votes, count)
    wins = preferences.win_matrix(votes, count)
    meetings = wins + wins.T
    with np.errstate(invalid="ignore"):
        preferred = wins / meetings  # NaN where two never met
    scores = {
        "method": study.methods,
        "votes": meetings.sum(1).astype(int),
        "won": wins.sum(1) / np.maximum(meetings.sum(1), 1),
        "strength": found.value,
        "preference": expit(found.value),
        **_ends(found, len(inside), (0, 1), expit),
        **{f"over_{name}": preferred[:, m] for m, name in enumerate(study.methods)},
    }
    differences = [
        {
            "first": study.methods[one],
            "second": study.methods[two],
            "votes": int(meetings[one, two]),
            "preferred": preferred[one, two],
            "predicted": expit(found.value[one] - found.value[two]),
        }
        for one, two in combinations(np.argsort(-found.value, kind="stable"), 2)
    ]
    raters = {
        "votes": [(every.rater == number).sum() for number in numbers],
        "p_chance": [chance.get(number, np.nan) for number in numbers],
    }
    of_images = [votes[votes.image == image] for image in range(len(study.images))]
    by_image = np.array(
        [preferences.bradley_terry(preferences.win_matrix(own, count, preferences.PRIOR)) for own in of_images]
    )
    images = pd.DataFrame({"spread": by_image.std(1)})
    summary = {"regularised": found.regularised, "first_preferred": float((every.side == 1).mean())}
    return _Found(by_image[None], summary, pd.DataFrame(scores), pd.DataFrame(differences), raters, images, out)


def _inside(names: list[str], out: Mapping[int, str]) -> list[int]:
    """Number the raters that count."""
    if len(out) == len(names):
        raise OpinionError("no rater is left: " + "; ".join(f"{names[number]}: {why}" for number, why in out.items()))
    return [number for number in range(len(names)) if number not in out]


def _ends(
    found: CrossedMean | preferences.Strengths,
    raters: int,
    bounds: tuple[float, float],
    onto: Callable[[Any], Any] = lambda value: value,
) -> dict[str, Any]:
    """Give the ends of both intervals, brought ``onto`` the scale and cut to its bounds; NaN of too few raters."""
    known = 1 if raters >= screening.FEWEST_FOR_INTERVAL else np.nan
    return {
        f"{name}_{end}": np.clip(onto(found.value + sign * half * known), *bounds)
        for name, half in (("these", found.half_these), ("kind", found.half_kind))
        for end, sign in (("low", -1), ("high", 1))
    }


def _metric_arrays(study: Study, measured: pd.DataFrame) -> dict[str, np.ndarray]:
    """Arrange metrics as images × methods."""
    images, methods = pd.MultiIndex.from_tuples(study.images), list(study.methods)
    tables = {
        name: measured.pivot(index=["dataset", "image"], columns="method", values=name)
        for name in COMPARED
        if name in measured
    }
    return {name: table.reindex(index=images, columns=methods).to_numpy(float) for name, table in tables.items()}


def metric_agreement(scores: np.ndarray, metrics: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Correlate people's scores with metrics over all images and methods.

    A metric for which lower is better is turned round: a positive correlation means agreement for all of them. The
    intervals are those of a bootstrap that draws raters and images anew, both at once.

    Parameters
    ----------
    scores : R×I×M votes of raters that count, NaN where there is none; or 1×I×M scores.
    metrics : I×M each, by name; NaN where a metric was not computed, and for the original itself.

    Returns
    -------
    One row for each metric that was computed: Spearman's and Pearson's correlation over the points with their 95 %
    intervals, and over_methods, Spearman's of the methods' means.

    References
    ----------
    A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007.
    """
    rng = np.random.default_rng(0)
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
