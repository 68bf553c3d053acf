"""Which raters count, and how many are enough: the rules of a study in one place; docs/opinion_study.md states them.

A rater is left out who

1. is too fast: half of the votes took less than :data:`FASTEST` seconds each;
2. gave one and the same vote always: one grade, or of pairs always the same side;
3. votes unlike the others: ratings that correlate with theirs less than P.913 asks for, or choices between pairs that
   cannot be told from a coin's.

The first two need :data:`FEWEST_VOTES` votes. Whom they leave out is not compared with in the third, which needs three
raters and judges all in one pass. The rule of BT.500 is not applied: it was made for raters who are wrong now and then,
and misses those who vote by chance.

References
----------
- S. R. Jaso, N. I. Kraus, A. S. Heller, "Identification of Careless Responding in Ecological Momentary Assessment
  Research", Psychological Methods 27, 2022: a second per item or less is careless.
- V. Hosu, H. Lin, T. Sziranyi, D. Saupe, "KonIQ-10k", IEEE Transactions on Image Processing 29, 2020: raters who click
  the same answer all along are removed.
- ITU-T P.913 (06/2021), section 11.4: screening by correlation with the other raters.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

FEWEST_RATERS = 5  #: that count, below whom nothing is ranked
FEWEST_FOR_INTERVAL = 3  #: raters that count, below whom no interval is given: Student's of two is 13 errors long
FASTEST = 1.0  #: seconds of a vote: below, for half of the votes, a rater did not look
FEWEST_VOTES = 6  #: of a rater, to be judged by pace and sameness; a coin falls six times alike in 3 of 100 cases
#: P.913: a rater whose votes correlate less than this with the others', by image and by method, is left out.
BY_IMAGE, BY_METHOD = 0.75, 0.80
CHANCE = 0.05  #: p-value above which a rater of pairs cannot be told from a coin


def inattentive(votes: pd.DataFrame) -> dict[int, str]:
    """Find raters who are too fast or vote always the same, each with the reason.

    ``votes`` have columns rater (a number), seconds, and vote of a rating or side of a pair.
    """
    reasons = {}
    for rater, own in votes.groupby("rater"):
        given, pace = own["vote" if "vote" in own else "side"], own.seconds.median()
        if len(own) < FEWEST_VOTES:
            continue
        if pace < FASTEST:
            reasons[rater] = f"too fast: {pace:.2f} s a vote (median); at least {FASTEST:g} s are asked for"
        elif given.nunique() == 1:
            always = f"{given.iloc[0]} to every image" if "vote" in own else f"side {given.iloc[0]} of every pair"
            reasons[rater] = f"always the same vote: {always}"
    return reasons


def unlike_the_others(correlations: np.ndarray) -> dict[int, str]:
    """Find raters whose R×2 correlations with the others, over images and over methods, are both below P.913's."""
    return {
        rater: f"votes unlike the others: correlation {by_image:.2f} over images and {by_method:.2f} over methods "
        f"(P.913 asks for {BY_IMAGE} or {BY_METHOD})"
        for rater, (by_image, by_method) in enumerate(correlations)
        if by_image < BY_IMAGE and by_method < BY_METHOD
    }


def like_a_coin(chances: Mapping[int, float]) -> dict[int, str]:
    """Find raters of pairs whose agreement with the others has a p-value, by rater, above :data:`CHANCE`."""
    return {
        rater: f"cannot be told from a coin: p = {chance:.2f} that the agreement with the others is chance"
        for rater, chance in chances.items()
        if chance > CHANCE
    }
