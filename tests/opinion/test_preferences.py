"""Bradley–Terry strengths against choix, and their intervals against repeated studies."""

import numpy as np
import pandas as pd
import pytest

from srgan_report.opinion.preferences import (
    bradley_terry,
    comparable,
    rater_agreement,
    strengths_with_intervals,
    win_matrix,
)
from srgan_report.opinion.simulation import Observers, simulate_preferences

TRUE = np.array([-1.0, -0.2, 0.3, 0.9])


def votes(rng, raters=20, images=8, tilt=0.0):
    """Preferences of raters for methods of strengths TRUE, which differ a little between images."""
    pairs = [(r, i, a, b) for r in range(raters) for i in range(images) for a in range(4) for b in range(a)]
    rater, image, first, second = np.array(pairs).T
    strength = TRUE + tilt * rng.normal(size=(images, 4))
    gap = strength[image, first] - strength[image, second]
    won = rng.random(len(pairs)) < 1 / (1 + np.exp(-gap))
    winner, loser = np.where(won, first, second), np.where(won, second, first)
    return pd.DataFrame({"winner": winner, "loser": loser, "rater": rater, "image": image})


@pytest.mark.parametrize("seed", range(3))
def test_strengths_equal_those_of_choix(seed):
    choix = pytest.importorskip("choix", reason="choix is not installed")
    given = votes(np.random.default_rng(seed))
    ours = bradley_terry(win_matrix(given, 4))
    theirs = choix.ilsr_pairwise(4, list(zip(given.winner, given.loser, strict=True)), alpha=0, tol=1e-12)
    assert np.abs(ours - (theirs - theirs.mean())).max() < 1e-6


def test_two_methods_have_the_logarithm_of_their_odds():
    strength = bradley_terry(np.array([[0.0, 30.0], [10.0, 0.0]]))
    assert strength[0] - strength[1] == pytest.approx(np.log(3))


def test_a_method_that_always_wins_has_a_finite_strength():
    given = pd.DataFrame({"loser": np.tile([1, 2], 6), "rater": np.repeat([0, 1, 2], 4), "image": np.tile([0, 1], 6)})
    given["winner"] = 0
    assert not comparable(win_matrix(given, 3))
    found = strengths_with_intervals(given, 3)
    assert found.regularised and np.isfinite(found.value).all() and found.value[0] == found.value.max()


def test_intervals_cover_the_strengths():
    hits = []
    for seed in range(40):
        found = strengths_with_intervals(votes(np.random.default_rng(seed)), 4)
        hits.append(np.abs(found.value - (TRUE - TRUE.mean())) <= found.half_these)
    assert 0.88 <= np.mean(hits) <= 1.0


def test_images_that_differ_make_the_longer_interval_longer():
    same, different = (strengths_with_intervals(votes(np.random.default_rng(0), tilt=tilt), 4) for tilt in (0.0, 1.0))
    assert (different.half_kind / different.half_these).mean() > (same.half_kind / same.half_these).mean()


def test_a_coin_is_told_from_a_rater():
    given = votes(np.random.default_rng(0))
    swapped = (given.rater == 0) & (np.random.default_rng(1).random(len(given)) < 0.5)
    given.loc[swapped, ["winner", "loser"]] = given.loc[swapped, ["loser", "winner"]].to_numpy()
    found = rater_agreement(given, 4)
    assert found[0] > 0.05
    assert np.mean([found[one] < 0.05 for one in range(1, 20)]) > 0.8


def test_simulated_raters_prefer_the_better_method_and_careless_ones_do_not():
    qualities = np.tile([2.0, 4.0], (3, 1))
    pairs = np.tile([[0, 0, 1], [1, 0, 1], [2, 1, 0]], (200, 1))
    rng = np.random.default_rng(0)
    careful, careless = (simulate_preferences(qualities, pairs, bad, Observers(), rng) for bad in (False, True))
    better = np.array([1, 1, 0] * 200)
    assert (careful == better).mean() > 0.9 and abs((careless == better).mean() - 0.5) < 0.1
