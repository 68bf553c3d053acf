"""What is more than chance: intervals, contrasts within seeds, Pareto front, winner, in figures and in words."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from srgan_report.report.page import page_templates
from srgan_report.sweep.expansion import Factor
from srgan_report.sweep.findings import effect, seed_variance, winner
from srgan_report.sweep.report import TEMPLATE
from srgan_report.sweep.statistics import contrast, interval, over_seeds, pareto

FACTOR = Factor("adversarial.adversarial_weight", ("0.001", "0.01"), (0.001, 0.01))


def table(effects, seeds, noise=0.0, offset=0.0):
    """Runs whose PSNR is the setting's effect plus an offset of the seed plus noise."""
    rng = np.random.default_rng(1)
    rows = [
        {"setting": name, FACTOR.name: name, "seed": seed, "psnr_y": value + offset * seed + noise * rng.normal()}
        for name, value in effects.items()
        for seed in range(seeds)
    ]
    return pd.DataFrame(rows)


def test_the_interval_is_student_s():
    values = [1.0, 2.0, 4.0]
    assert interval(values) == pytest.approx(stats.t.interval(0.95, 2, np.mean(values), stats.sem(values)))
    assert np.isnan(interval([1.0])).all()


def test_two_settings_are_compared_as_in_a_paired_t_test():
    rows = table({"0.001": 25.0, "0.01": 24.0}, seeds=6, noise=0.3, offset=5.0)
    found = contrast(rows, "psnr_y", FACTOR.name, "0.001", "0.01")
    a, b = (rows[rows.setting == name].psnr_y.to_numpy() for name in FACTOR.levels)
    low, high = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert (found.difference, found.low, found.high) == pytest.approx((np.mean(b - a), low, high))


def test_choosing_the_best_of_many_widens_the_interval():
    rows = table({"0.001": 25.0, "0.01": 24.0, "0.1": 23.0}, seeds=4, noise=0.5)
    narrow = contrast(rows, "psnr_y", FACTOR.name, "0.1", "0.001")
    wide = contrast(rows, "psnr_y", FACTOR.name, "0.1", "0.001", candidates=3)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_text_says_whether_the_difference_exceeds_the_spread():
    clear = effect(table({"0.001": 25.0, "0.01": 24.0}, seeds=3, noise=0.01), FACTOR, "psnr_y").claim
    assert "From adversarial_weight 0.001 to 0.01, PSNR-Y falls by" in clear
    assert "(worse), which exceeds the spread over seeds" in clear
    unclear = effect(table({"0.001": 25.0, "0.01": 24.99}, seeds=3, noise=1.0), FACTOR, "psnr_y").claim
    assert "does not exceed the spread over seeds" in unclear
    single = effect(table({"0.001": 25.0, "0.01": 24.0}, seeds=1), FACTOR, "psnr_y").claim
    assert "without several seeds in common, whether that is more than chance is unknown" in single


def test_what_differs_in_the_seed_too_is_not_split_into_setting_and_seed():
    rows = table({"0.001": 27.0, "0.01": 27.1}, seeds=2)
    lock = rows[(rows.setting == "0.001") == (rows.seed == 0)]
    found = contrast(lock, "psnr_y", FACTOR.name, "0.001", "0.01")
    assert found.difference == pytest.approx(0.1) and not found.known
    assert "rises by 0.100 dB (better); without several seeds in common" in effect(lock, FACTOR, "psnr_y").claim


def test_a_factor_of_which_one_level_is_left_has_no_effect_to_tell():
    assert effect(table({"0.001": 25.0}, seeds=3), FACTOR, "psnr_y") is None


def test_a_missing_run_leaves_the_others_comparable():
    rows = table({"0.001": 25.0, "0.01": 24.0}, seeds=4, noise=0.05, offset=3.0)
    found = contrast(rows.drop(index=2), "psnr_y", FACTOR.name, "0.001", "0.01")
    assert found.low < -1 < found.high
    assert found.exceeds


def test_the_seed_variance_is_that_within_settings():
    rows = table({"0.001": 25.0, "0.01": 20.0}, seeds=2)
    rows["psnr_y"] += [0, 0.2, 0, 0.2]
    assert f"standard deviation of {0.2 / 2**0.5:.3f} dB" in seed_variance(rows, "psnr_y")
    assert "one seed only" in seed_variance(table({"0.001": 25.0}, seeds=1), "psnr_y")


def test_no_run_of_the_front_is_beaten_in_both():
    rows = pd.DataFrame({"psnr_y": [28, 27, 26, 25, 27.5], "lpips_alex": [0.4, 0.3, 0.35, 0.2, np.nan]})
    assert list(pareto(rows).index) == [3, 1, 0]


def scored(effects, seeds, dataset="Set5", **columns):
    """Runs as ``runs.csv`` has them."""
    return table(effects, seeds, noise=0.01).assign(dataset=dataset, n=5.0, **columns)


def test_the_winner_follows_the_rule_and_says_what_it_skipped():
    rows = scored({"0.001": 25.0, "0.01": 24.0}, 3, lpips_squeeze=np.nan)
    best = winner(rows, rows, ["lpips_squeeze", "psnr_y"])
    assert (best.setting, best.metric) == ("0.001", "psnr_y")
    assert "LPIPS (squeeze) was not computed" in best.rule
    assert best.clear and best.text.startswith("Winner: 0.001")
    lower = winner(rows.assign(lpips_squeeze=[0.3] * 3 + [0.2] * 3), rows, ["lpips_squeeze", "psnr_y"])
    assert lower.setting == "0.01", "of LPIPS the lowest wins"
    assert winner(rows.assign(psnr_y=np.nan), rows, ["psnr_y"]) is None
    assert winner(rows, rows.iloc[:0], ["psnr_y"]) is None


def test_the_validation_images_choose_and_the_test_images_judge():
    validation = scored({"0.001": 25.0, "0.01": 24.0}, 3, "validation")
    best = winner(validation, scored({"0.001": 23.0, "0.01": 24.0}, 3), ["psnr_y"])
    assert best.setting == "0.001" and best.advantage.difference == pytest.approx(-1, abs=0.1)
    assert not best.clear and best.text.startswith("No clear winner. First by the rule: 0.001")


@pytest.mark.parametrize("clear", [True, False])
def test_the_head_of_the_report_names_a_winner_only_if_it_is_clear(clear):
    rows = scored({"0.001": 25.0 if clear else 23.0, "0.01": 24.0}, 3)
    best = winner(scored({"0.001": 25.0, "0.01": 24.0}, 3, "validation"), rows, ["psnr_y"])
    shown = page_templates(TEMPLATE).get_template("summary.html.j2").render({"winner": best.shown})
    assert ("Winner: 0.001" in shown, "No clear winner" in shown) == (clear, not clear)


def test_with_four_seeds_the_seeds_that_choose_do_not_judge():
    validation = scored({"0.001": 25.0, "0.01": 24.0}, 4, "validation")
    rows = scored({"0.001": 25.0, "0.01": 24.0}, 4)
    rows.loc[rows.seed < 2, "psnr_y"] = np.random.default_rng(0).normal(0, 100, 4)
    validation.loc[validation.seed > 1, "psnr_y"] = 0
    best = winner(validation, rows, ["psnr_y"])
    assert best.setting == "0.001" and best.advantage.difference == pytest.approx(1, abs=0.1)
    assert best.rule.endswith("seeds 0, 1; the rule of this sweep is PSNR-Y") and "seeds 2, 3" in best.verdict
    without = rows[(rows.seed < 2) | (rows.setting != "0.01")]
    assert winner(validation, without, ["psnr_y"]).advantage is None


@pytest.mark.slow
@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_luck_gives_no_advantage(shared):
    """Four settings that are one, eight seeds: luck shows on validation and test images to a shared degree."""
    rng, apart = np.random.default_rng(0), []
    for _ in range(200):
        luck = rng.normal(size=(4, 8))
        scores = [shared**0.5 * luck + (1 - shared) ** 0.5 * rng.normal(size=(4, 8)) for _ in range(2)]
        validation, rows = (
            pd.DataFrame(
                [
                    {"setting": str(setting), "seed": seed, "dataset": "Set5", "n": 5.0, "psnr_y": 25 + value}
                    for (setting, seed), value in np.ndenumerate(one)
                ]
            )
            for one in scores
        )
        apart.append(winner(validation, rows, ["psnr_y"]).advantage)
    assert abs(np.mean([one.difference for one in apart])) < 0.1
    assert np.mean([one.low <= 0 <= one.high for one in apart]) >= 0.93


def test_an_optimum_between_the_ends_is_named():
    three = Factor(FACTOR.name, ("0.001", "0.01", "0.1"), (0.001, 0.01, 0.1))
    found = effect(table({"0.001": 25.0, "0.01": 26.0, "0.1": 24.0}, seeds=2, noise=0.01), three, "psnr_y")
    assert found.claim.endswith(
        "which exceeds the spread over seeds; it is best between, at 0.01, by more than the spread over seeds"
    )
    assert (found.inner.a, found.inner.b) == ("0.1", "0.01") and found.inner.difference == pytest.approx(2, abs=0.1)
    assert found.contrast.difference == pytest.approx(-1, abs=0.1), "the ends were chosen beforehand"
    ends = effect(table({"0.001": 25.0, "0.01": 24.5, "0.1": 24.0}, seeds=2, noise=0.01), three, "psnr_y")
    assert "between" not in ends.claim and ends.inner is None


def test_means_over_seeds():
    found = over_seeds(table({"0.001": 25.0, "0.01": 24.0}, seeds=3), "psnr_y")
    assert list(found.loc["0.01", ["n", "mean", "std"]]) == [3, 24.0, 0.0]
