"""Mean opinion scores, rater models and agreement, against closed forms and the packages of the field."""

import numpy as np
import pytest
from scipy.stats import norm

from srgan_lib.evaluation.statistics import crossed_mean
from srgan_report.opinion.ratings import (
    correlations,
    difference,
    fit_raters,
    krippendorff_alpha,
    method_means,
    raters_needed,
)
from srgan_report.opinion.screening import unlike_the_others
from srgan_report.opinion.simulation import POWER, Observers, detectable, simulate_study


@pytest.fixture(scope="module")
def study():
    return simulate_study(np.linspace(1.3, 4.5, 5), 12, 6, Observers(), np.random.default_rng(3))


@pytest.fixture
def gappy(study):
    votes = study.votes.copy()
    votes[np.random.default_rng(0).random(votes.shape) < 0.2] = np.nan
    return votes


def test_interval_for_these_images_is_that_of_the_raters_means(study):
    table = study.votes[:, :, 2]
    found = crossed_mean(table)
    means = table.mean(1)
    assert found.value == pytest.approx(table.mean())
    assert found.half_these == pytest.approx(2.200985 * means.std(ddof=1) / np.sqrt(12), rel=1e-5)  # t of 11 degrees


def test_components_of_a_full_table_are_those_of_the_analysis_of_variance(study):
    table = study.votes[:, :, 1]
    raters, images = table.shape
    mean, rows, columns = table.mean(), table.mean(1), table.mean(0)
    squares_raters = images * ((rows - mean) ** 2).sum() / (raters - 1)
    squares_images = raters * ((columns - mean) ** 2).sum() / (images - 1)
    rest = ((table - rows[:, None] - columns + mean) ** 2).sum() / ((raters - 1) * (images - 1))
    found = crossed_mean(table)
    assert found.rest_variance == pytest.approx(rest)
    assert found.row_variance == pytest.approx(max((squares_raters - rest) / images, 0))
    assert found.column_variance == pytest.approx(max((squares_images - rest) / raters, 0))


def test_images_drawn_too_make_the_interval_longer(study):
    assert all(mean.half_kind >= mean.half_these for mean in method_means(study.votes))


@pytest.mark.parametrize("shape", [(1, 4), (4, 1), (1, 1)])
def test_one_rater_or_image_has_a_mean_without_interval(shape):
    found = crossed_mean(np.full(shape, 3.0))
    assert found.value == 3 and np.isnan(found.half_kind)


def test_no_votes_have_no_mean():
    assert np.isnan(crossed_mean(np.full((3, 2), np.nan)).value)


def test_paired_difference_loses_the_raters_bias(study):
    shifted = study.votes + np.linspace(-1, 1, 12)[:, None, None]
    found, before = difference(shifted, 4, 3), difference(study.votes, 4, 3)
    assert found.half_these == pytest.approx(before.half_these) and found.value == pytest.approx(before.value)


def test_raters_needed_is_the_fewest_that_are_enough(study):
    found = difference(study.votes, 4, 3)
    needed = raters_needed(found, 0.5, 200)
    assert needed is not None and needed > 1
    assert raters_needed(found, 0.4, 200) >= needed
    assert raters_needed(found, 0.001, 6) is None  # six images never tell so little apart


def test_bias_and_inconsistency_are_recovered():
    rng = np.random.default_rng(1)
    bias, noise = rng.normal(0, 0.5, 26), rng.uniform(0.5, 1.2, 26)
    quality = rng.uniform(1, 5, (40, 9))
    votes = quality + bias[:, None, None] + noise[:, None, None] * rng.normal(size=(26, 40, 9))
    found = fit_raters(votes)
    assert np.abs(found.bias - (bias - bias.mean())).mean() < 0.06
    assert np.abs(found.inconsistency - noise).mean() < 0.06
    assert np.abs(found.quality - quality - bias.mean()).mean() < 0.2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("gaps", [False, True])
def test_scores_equal_those_of_sureal(study, gappy, gaps, capsys):
    models = pytest.importorskip("sureal.subjective_model", reason="sureal is not installed")
    from sureal.dataset_reader import RawDatasetReader

    votes = gappy if gaps else study.votes
    table = votes.reshape(len(votes), -1)
    theirs = models.SubjectMLEModelProjectionSolver(RawDatasetReader(_sureal_dataset(table))).run_modeling()
    ours = fit_raters(votes)
    assert np.abs(np.array(theirs["quality_scores"]) - ours.quality.ravel()).max() < 1e-6
    assert np.abs(np.array(theirs["observer_bias"]) - ours.bias).max() < 1e-6
    assert np.abs(np.array(theirs["observer_inconsistency"]) - ours.inconsistency).max() < 1e-6
    mean = models.MosModel(RawDatasetReader(_sureal_dataset(table))).run_modeling()
    assert np.nanmean(table, axis=0) == pytest.approx(np.array(mean["quality_scores"]))


def _sureal_dataset(table):
    """A sureal data set of R×J votes."""

    class Dataset:
        dataset_name = "simulated"
        yuv_fmt, width, height = "yuv420p", 64, 64
        ref_videos: list = [{"content_id": 0, "path": "reference"}]  # noqa: RUF012
        dis_videos: list = [  # noqa: RUF012
            {"content_id": 0, "asset_id": number, "os": list(column), "path": f"{number}"}
            for number, column in enumerate(table.T)
        ]

    return Dataset


def test_alpha_equals_krippendorffs_package(gappy):
    krippendorff = pytest.importorskip("krippendorff", reason="krippendorff is not installed")
    table = gappy.reshape(len(gappy), -1)
    wanted = krippendorff.alpha(table, value_domain=[1, 2, 3, 4, 5], level_of_measurement="ordinal")
    assert krippendorff_alpha(gappy) == pytest.approx(wanted)


def test_alpha_of_equal_and_of_random_raters():
    rng = np.random.default_rng(0)
    assert krippendorff_alpha(np.tile(rng.integers(1, 6, (1, 50)), (4, 1)).astype(float)) == 1
    assert abs(krippendorff_alpha(rng.integers(1, 6, (6, 400)).astype(float))) < 0.05


def test_alpha_needs_an_image_with_two_votes():
    assert np.isnan(krippendorff_alpha(np.array([[1, np.nan], [np.nan, 2]])))


def test_who_votes_by_chance_or_all_the_same_is_named(study):
    votes = study.votes.copy()
    votes[3] = 3
    votes[7] = np.random.default_rng(2).integers(1, 6, votes[7].shape)
    assert set(unlike_the_others(correlations(votes))) == {3, 7}
    assert correlations(votes)[3, 0] == 0


def test_a_generous_rater_is_kept(study):
    votes = study.votes.copy()
    votes[0] = np.clip(votes[0] + 1, 1, 5)
    assert 0 not in unlike_the_others(correlations(votes))


@pytest.mark.parametrize("which", ["these", "kind"])
def test_four_of_five_studies_find_what_is_detectable(which):
    observers, rng = Observers(), np.random.default_rng(0)
    gap = detectable(15, 12, observers)[which == "kind"]
    studies = (simulate_study(np.array([3 - gap / 2, 3 + gap / 2]), 15, 12, observers, rng) for _ in range(400))
    means = [difference(study.votes, 1, 0) for study in studies]
    found = np.mean([mean.value > getattr(mean, f"half_{which}") for mean in means])
    assert found == pytest.approx(POWER, abs=0.06)


def expected_vote(quality, observers, further=0.0):
    """The expected vote of a careful rater, rounding and the ends of the scale included."""
    # Inconsistency is lognormal: Gauss–Hermite quadrature over its logarithm.
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    noise = observers.inconsistency * np.exp(observers.inconsistency_spread * nodes)
    spread = np.sqrt(noise**2 + observers.bias**2 + further**2)
    above = norm.cdf((np.asarray(quality)[..., None, None] - np.arange(1.5, 5)[:, None]) / spread)
    return 1 + (above * weights).sum(-1).sum(-1) / weights.sum()


def test_careful_raters_give_the_expected_vote():
    observers = Observers(bias=0.5, inconsistency=0.9)
    big = simulate_study(np.array([1.2, 3.0, 4.8]), 4000, 3, observers, np.random.default_rng(0))
    assert big.votes.mean((0, 1)) == pytest.approx(expected_vote(big.shown, observers).mean(0), abs=0.04)


@pytest.mark.slow
def test_a_thousand_studies_cover_what_they_claim():
    rng = np.random.default_rng(0)
    observers = Observers(careless=0.1)
    qualities, studies = np.linspace(1.3, 4.5, 9), 1000
    covered, errors, caught = np.zeros(2), [], np.zeros(3)  # caught: rightly, wrongly, missed
    for _ in range(studies):
        study = simulate_study(qualities, 26, 20, observers, rng)
        flagged = np.isin(np.arange(26), list(unlike_the_others(correlations(study.votes))))
        caught += [
            (flagged & study.careless).sum(),
            (flagged & ~study.careless).sum(),
            (study.careless & ~flagged).sum(),
        ]
        of_images = np.hypot(observers.image, observers.image_method)
        expected = expected_vote(study.shown, observers).mean(0), expected_vote(qualities, observers, of_images)
        for mean, here, kind in zip(method_means(study.votes[~flagged]), *expected, strict=True):
            errors.append(abs(mean.value - here))
            covered += [errors[-1] <= mean.half_these, abs(mean.value - kind) <= mean.half_kind]
    coverage = covered / (studies * len(qualities))
    print(f"\ncoverage these images {coverage[0]:.3f}, of the kind {coverage[1]:.3f}; error {np.mean(errors):.3f}; "
          f"precision {caught[0] / caught[:2].sum():.3f}, recall {caught[0] / caught[[0, 2]].sum():.3f}")  # fmt: skip
    assert np.all((coverage >= 0.93) & (coverage <= 0.97))
    assert np.mean(errors) <= 0.1
    assert caught[0] / caught[:2].sum() >= 0.9 and caught[0] / caught[[0, 2]].sum() >= 0.9
