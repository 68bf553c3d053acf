import itertools

import numpy as np
import pandas as pd
import pytest

from srgan_lib.evaluation.statistics import SUMMARY_COLUMNS, holm, mean_intervals, smallest_p_value, summarise


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
    assert ours.effect_size == 1
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


def test_the_interval_is_that_of_every_possible_resample():
    values = np.array([0.0, 1.0, 2.0, 4.0])
    resampled = np.array(list(itertools.product(values, repeat=4)))
    error = values.std(ddof=1) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (resampled.mean(1) - values.mean()) / (resampled.std(1, ddof=1) / 2)
    low, high = np.sort(t)[[round(0.025 * 255), round(0.975 * 255)]]
    found = mean_intervals(values[:, None], 200_000, 0)[:, 0]
    assert found == pytest.approx([values.mean() - high * error, values.mean() - low * error], rel=0.05)


def test_a_skewed_sample_has_a_longer_interval_on_its_long_side():
    low, high = mean_intervals(np.array([[0.1], [0.2], [0.3], [0.5], [3.0]]), 10_000, 0)[:, 0]
    assert high - 0.82 > 3 * (0.82 - low)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_three_images_are_too_few_for_an_interval(count):
    ours = row(summarise(frame({"bicubic": BICUBIC[:count], "srgan": BETTER[:count]})), "srgan")
    assert np.isnan([ours.ci_low, ours.difference_high]).all() and ours.difference > 0


#: Least coverage of a 95 % interval, from the simulations in docs/statistics.md.
COVERAGE = {"normal": (0.94, 0.965), "t3": (0.91, 1), "exponential": (0.92, 1), "lognormal": (0.885, 1)}


@pytest.mark.slow
@pytest.mark.parametrize("count", [5, 14, 100])
@pytest.mark.parametrize("name", COVERAGE)
def test_intervals_cover_what_they_claim(name, count):
    draws = {
        "normal": lambda rng, size: rng.standard_normal(size),
        "t3": lambda rng, size: rng.standard_t(3, size),
        "exponential": lambda rng, size: rng.exponential(1, size) - 1,
        "lognormal": lambda rng, size: rng.lognormal(0, 1, size) - np.exp(0.5),
    }
    samples = draws[name](np.random.default_rng(0), (count, 4000))
    low, high = np.hstack([mean_intervals(part, 2000, 0) for part in np.array_split(samples, 40, axis=1)])
    least, most = COVERAGE[name]
    assert least <= np.mean((low <= 0) & (high >= 0)) <= most


def test_the_seed_decides_the_resamples():
    metrics = frame({"bicubic": BICUBIC, "srgan": BETTER})
    pd.testing.assert_frame_equal(summarise(metrics, seed=1), summarise(metrics, seed=1))
    assert (
        row(summarise(metrics, seed=1, resamples=100), "srgan").ci_low
        != row(summarise(metrics, seed=2, resamples=100), "srgan").ci_low
    )


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
