"""Decoded votes as tables and arrays, and how steady each rater is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from srgan_lib.opinion.answers import Answers
from srgan_lib.opinion.study import Study


@dataclass(frozen=True)
class Preferences:
    """Pair comparisons, one entry for each vote: numbers of winner, loser, rater and image, from 0."""

    winners: np.ndarray
    losers: np.ndarray
    raters: np.ndarray
    images: np.ndarray


def vote_table(study: Study, kept: Mapping[str, Answers]) -> pd.DataFrame:
    """Decode all votes.

    Returns
    -------
    Columns rater, trial (from 1), dataset, image, method and vote of a rating; of pairs winner and loser in place of the
    last two, and side (1: the first shown was preferred). Then seconds, and repeat: whether it was asked before.
    """
    key = study.key()
    rows = []
    for rater, answers in kept.items():
        seen = set()
        for number, answer in enumerate(answers.answers, 1):
            decoded = [key[code] for code in answer.shown]
            dataset, image = study.images[decoded[0][0]]
            asked = frozenset(answer.shown)
            row = {"rater": rater, "trial": number, "dataset": dataset, "image": image}
            if study.design.kind == "rating":
                row |= {"method": decoded[0][1], "vote": answer.vote}
            else:
                winner, loser = decoded[answer.vote - 1][1], decoded[2 - answer.vote][1]
                row |= {"winner": winner, "loser": loser, "side": answer.vote}
            rows.append(row | {"seconds": answer.ms / 1000, "repeat": asked in seen})
            seen.add(asked)
    return pd.DataFrame(rows)


def vote_array(study: Study, table: pd.DataFrame) -> np.ndarray:
    """Arrange ratings as raters × images × methods; repeats are left out, and what was not shown is NaN."""
    raters, images, methods = _numbers(study, table)
    first = table[~table["repeat"]]
    votes = np.full((len(raters), len(images), len(methods)), np.nan)
    keys = list(zip(first.dataset, first.image, strict=True))
    votes[first.rater.map(raters), [images[key] for key in keys], first.method.map(methods)] = first.vote
    return votes


def preferences(study: Study, table: pd.DataFrame) -> Preferences:
    """Arrange pair comparisons as numbers; repeats are left out."""
    raters, images, methods = _numbers(study, table)
    first = table[~table["repeat"]]
    keys = list(zip(first.dataset, first.image, strict=True))
    return Preferences(
        first.winner.map(methods).to_numpy(),
        first.loser.map(methods).to_numpy(),
        first.rater.map(raters).to_numpy(),
        np.array([images[key] for key in keys]),
    )


def repeatability(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """Compare each rater's repeated votes with the first ones.

    Returns
    -------
    By rater: repeats, how many; repeats_equal, the share that came out the same; repeats_difference, the mean difference of
    ratings in grades (NaN of pairs).
    """
    rows = {}
    for rater, group in table.groupby("rater", sort=False):
        rated = study.design.kind == "rating"
        asked = [
            (row.dataset, row.image, row.method if rated else frozenset((row.winner, row.loser)))
            for row in group.itertuples()
        ]
        said = list(group.vote if rated else group.winner)
        first = {what: vote for what, vote, again in zip(asked, said, group["repeat"], strict=True) if not again}
        again = [(first[what], vote) for what, vote, more in zip(asked, said, group["repeat"], strict=True) if more]
        difference = np.mean([abs(one - two) for one, two in again]) if again and rated else np.nan
        equal = np.mean([one == two for one, two in again]) if again else np.nan
        rows[rater] = {"repeats": len(again), "repeats_equal": equal, "repeats_difference": difference}
    return pd.DataFrame.from_dict(rows, orient="index")


def _numbers(study: Study, table: pd.DataFrame) -> tuple[dict[str, int], dict[tuple[str, str], int], dict[str, int]]:
    raters = {rater: number for number, rater in enumerate(table.rater.unique())}
    images = {image: number for number, image in enumerate(study.images)}
    return raters, images, {method: number for number, method in enumerate(study.methods)}
