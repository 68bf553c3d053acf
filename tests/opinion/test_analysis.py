"""Correlations of metrics with people: against SciPy, and in which direction."""

import numpy as np
import pytest
from scipy import stats

from srgan_report.opinion.analysis import metric_agreement


@pytest.fixture
def study():
    rng = np.random.default_rng(0)
    quality = rng.uniform(1, 5, (10, 5))
    votes = np.clip(np.rint(quality + rng.normal(0, 0.7, (12, 10, 5))), 1, 5)
    return votes, quality


def test_correlations_equal_those_of_scipy(study):
    votes, quality = study
    metric = np.exp(quality) + np.random.default_rng(1).normal(0, 3, quality.shape)
    metric[:, 4] = np.nan  # the original has no score
    found = metric_agreement(votes, {"psnr_y": metric}).iloc[0]
    mos, values = votes.mean(0)[:, :4].ravel(), metric[:, :4].ravel()
    assert found.points == 40
    assert found.spearman == pytest.approx(stats.spearmanr(mos, values).statistic)
    assert found.pearson == pytest.approx(stats.pearsonr(mos, values).statistic)
    assert found.spearman_low < found.spearman < found.spearman_high <= 1


def test_lower_is_better_is_turned_round(study):
    votes, quality = study
    found = metric_agreement(votes, {"lpips_alex": -quality, "psnr_y": quality})
    assert found.spearman[0] == found.spearman[1] > 0.9
    assert found.over_methods[0] == pytest.approx(1, abs=0.3)


def test_interval_of_a_metric_of_noise_holds_zero(study):
    votes, quality = study
    noise = np.random.default_rng(2).normal(size=quality.shape)
    found = metric_agreement(votes, {"ssim_y": noise}).iloc[0]
    assert found.spearman_low < 0 < found.spearman_high


def test_a_metric_that_was_not_computed_is_left_out(study):
    votes, quality = study
    assert metric_agreement(votes, {"niqe": np.full_like(quality, np.nan)}).empty


def test_gaps_in_the_votes_are_ignored(study):
    votes, quality = study
    votes[:, 0, 0] = np.nan
    assert metric_agreement(votes, {"psnr_y": quality}).points[0] == 49
