import numpy as np
import pandas as pd
import pytest
from scipy import stats

from srgan_lib.evaluation.statistics import (
    difference_interval,
    holm,
    mean_interval,
    smallest_p_value,
)
from srgan_lib.evaluation.tables import SUMMARY_COLUMNS, summarise


def frame(values: dict[str, list[float]], dataset="set", metric="psnr_y") -> pd.DataFrame:
    rows = [
        {"dataset": dataset, "image": f"image{number}", "method": method, metric: value}
        for method, column in values.items()
        for number, value in enumerate(column)
    ]
    return pd.DataFrame(rows)


def row(summary: pd.DataFrame, method: str) -> pd.Series:
    return summary[summary.method == method].iloc[0]


BICUBIC = [20.0, 22.0, 25.0, 27.0, 36.0]
BETTER = [20.5, 22.7, 25.1, 27.9, 36.3]


def test_spread_and_differences_have_their_closed_forms():
    summary = summarise(frame({"bicubic": BICUBIC, "srgan": BETTER}))
    assert list(summary.columns) == list(SUMMARY_COLUMNS)
    ours, base = row(summary, "srgan"), row(summary, "bicubic")
    assert (ours.n, base["median"], base.iqr) == (5, 25.0, 5.0)
    assert base["mean"] == pytest.approx(26)
    assert base["std"] == pytest.approx(np.std(BICUBIC, ddof=1))
    assert ours.difference == pytest.approx(0.5)
    assert np.isnan(base.difference) and np.isnan(base.p_value)


SIX, SIX_BETTER = [*BICUBIC, 30.0], [*BETTER, 30.6]


def test_six_images_all_better_give_the_smallest_p_value_and_the_largest_effect():
    ours = row(summarise(frame({"bicubic": SIX, "srgan": SIX_BETTER})), "srgan")
    assert ours.p_value == pytest.approx(2 / 2**6) == smallest_p_value(6)
    assert (ours.effect_size, ours.better_on) == (1, 6)
    mixed = [b + change for b, change in zip(BICUBIC, (1, 2, 3, 4, -5), strict=True)]
    ours = row(summarise(frame({"bicubic": BICUBIC, "srgan": mixed})), "srgan")
    assert ours.effect_size == pytest.approx((1 + 2 + 3 + 4 - 5) / 15)


def test_five_images_cannot_reach_significance_and_have_no_p_value():
    ours = row(summarise(frame({"bicubic": BICUBIC, "srgan": BETTER})), "srgan")
    assert np.isnan(ours.p_value) and ours.effect_size == 1


def test_equal_methods_do_not_differ():
    ours = row(summarise(frame({"bicubic": SIX, "srgan": SIX})), "srgan")
    assert (ours.difference, ours.p_value, ours.effect_size) == (0, 1, 0)
    assert (ours.difference_low, ours.difference_high) == (0, 0)


def test_of_many_values_the_interval_is_the_normal_one():
    values = np.random.default_rng(0).normal(30, 3, 200)
    base = row(summarise(frame({"bicubic": list(values)})), "bicubic")
    half = 1.96 * values.std() / np.sqrt(200)
    assert base.ci_low == pytest.approx(values.mean() - half, abs=0.06)
    assert base.ci_high == pytest.approx(values.mean() + half, abs=0.06)


def test_paired_intervals_do_not_carry_the_spread_of_the_images():
    ours = row(summarise(frame({"bicubic": BICUBIC, "srgan": BETTER})), "srgan")
    assert 0 < ours.difference_low < 0.5 < ours.difference_high < 1.2
    assert ours.ci_high - ours.ci_low > 5


def test_the_interval_of_a_mean_is_student_s_within_the_metric_s_bounds():
    scores = np.array([[0.0, 0.1, 0.3, 0.6, 1.0]])
    half = 2.776445 * scores.std(ddof=1) / 5**0.5
    assert mean_interval(scores) == pytest.approx((0.4 - half, 0.4 + half)) and half > 0.4
    low, high = mean_interval(scores, (0.0, 1.0))
    assert low == 0.0 and high == pytest.approx(0.4 + half)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_interval_of_a_difference_is_longer_than_student_s_away_from_zero_most(sign):
    few = sign * np.array([[0.1, 0.2, 0.3, 0.5, 0.9]])
    half = 2.776445 * few.std(ddof=1) / 5**0.5
    near, far = sorted(difference_interval(few), key=lambda end: sign * end)
    assert near == pytest.approx(sign * (0.4 - 1.1 * half)) and far == pytest.approx(sign * (0.4 + 1.45 * half))
    many = np.tile(few, 64)  # 320 images: the addition is a quarter
    half = stats.t.ppf(0.975, 319) * many.std(ddof=1) / 320**0.5
    near, far = sorted(difference_interval(many), key=lambda end: sign * end)
    assert abs(near) == pytest.approx(0.4 - 1.025 * half) and abs(far) == pytest.approx(0.4 + 1.1125 * half)


def test_an_interval_over_trainings_holds_the_luck_of_both():
    images = np.linspace(-1, 1, 6)
    alike = np.stack([images, images, images])
    apart = alike + np.array([-0.5, 0.0, 0.5])[:, None]
    one, same, wide = (mean_interval(scores) for scores in (images[None], alike, apart))
    assert same == pytest.approx(one), "trainings that agree add nothing"
    assert wide[1] - wide[0] > 1.2 * (one[1] - one[0])


def repeated(metrics: pd.DataFrame, shifts: list[float]) -> pd.DataFrame:
    ours = metrics[metrics.method != "bicubic"]
    return pd.concat([ours.assign(repeat=k, psnr_y=ours.psnr_y + shift) for k, shift in enumerate(shifts, 1)])


def test_repeats_give_means_over_trainings_and_their_spread():
    metrics = frame({"bicubic": BICUBIC, "srgan": BETTER})
    summary = summarise(metrics, repeated(metrics, [0.3, 0.6]))
    ours, base = row(summary, "srgan"), row(summary, "bicubic")
    assert (ours.trainings, base.trainings) == (3, 1) and np.isnan(base.training_std)
    assert ours.difference == pytest.approx(0.8) and ours.training_std == pytest.approx(0.3)
    assert row(summarise(metrics), "srgan").trainings == 1


@pytest.mark.parametrize(("planted", "least", "most"), [(0.0, 0.0, 0.06), (0.1, 0.0, 0.15), (1.5, 0.9, 1.0)])
def test_a_difference_within_the_seeds_spread_is_none_and_a_larger_one_is_found(planted, least, most):
    """200 runs of three trainings and 14 images; the seeds' standard deviation is .2."""
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        luck = rng.normal(0, 0.2, (3, 1)) - rng.normal(0, 0.2, (3, 1))
        low, high = difference_interval(planted + luck + rng.normal(0, 0.1, (3, 14)))
        found += low > 0 or high < 0
    assert least <= found / 200 <= most


@pytest.mark.parametrize("count", [1, 2, 3])
def test_three_images_are_too_few_for_an_interval(count):
    ours = row(summarise(frame({"bicubic": BICUBIC[:count], "srgan": BETTER[:count]})), "srgan")
    assert np.isnan([ours.ci_low, ours.difference_high]).all() and ours.difference > 0


def test_the_image_that_drives_the_mean_is_named():
    base = row(summarise(frame({"bicubic": BICUBIC})), "bicubic")
    assert (base.driven_by, base.mean_without) == ("image4", 23.5)


def test_holm_s_correction():
    assert holm([0.01, 0.04, 0.03, np.nan]) == pytest.approx([0.03, 0.06, 0.06, np.nan], nan_ok=True)
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


def test_p_values_are_corrected_for_the_number_of_methods():
    summary = summarise(frame({"bicubic": SIX, "srgan": SIX_BETTER, "warmup": SIX_BETTER}))
    assert row(summary, "srgan").p_value == pytest.approx(2 * 2 / 2**6)


def test_metrics_and_datasets_are_apart_and_what_was_not_computed_is_left_out():
    metrics = pd.concat([frame({"bicubic": BICUBIC}), frame({"bicubic": [1.0, 2.0]}, dataset="other")])
    summary = summarise(metrics.assign(lpips_alex=np.nan, ssim_y=0.5))
    assert list(zip(summary.dataset, summary.metric, strict=True)) == [
        ("set", "psnr_y"),
        ("set", "ssim_y"),
        ("other", "psnr_y"),
        ("other", "ssim_y"),
    ]


def test_one_image_has_a_mean_and_nothing_more():
    base = row(summarise(frame({"bicubic": [20.0], "srgan": [21.0]})), "srgan")
    assert (base["mean"], base.difference) == (21, 1)
    assert np.isnan([base["std"], base.ci_low, base.difference_low]).all()
    assert pd.isna(base.driven_by)


@pytest.mark.filterwarnings("error")
def test_a_perfect_image_makes_the_mean_infinite():
    assert row(summarise(frame({"bicubic": [20.0, np.inf]})), "bicubic")["mean"] == np.inf
