"""Notebook 06 opens a sweep's folder: its parameters are checked, its files are read as they were written."""

import pandas as pd
import pytest

from srgan_lib.params.section import ParameterError
from srgan_report.sweep.comparison import open_comparison, read_runs
from srgan_report.sweep.exhibits import (
    heat_map,
    metric_pairs,
    run_scores,
    score_formats,
    setting_scores,
    unfinished_table,
)
from tests.sweep_example import BATCHES, FAILED, SEEDS, WEIGHTS, make_sweep, scores_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_sweep(tmp_path_factory.mktemp("sweeps") / "example")


@pytest.fixture
def comparison(folder):
    return open_comparison({"sweep_dir": str(folder)})


def test_scores_are_read_as_they_were_written(comparison):
    assert comparison.runs.run.nunique() == len(WEIGHTS) * len(BATCHES) * len(SEEDS)
    assert len(comparison.rows) == len(comparison.validation) == comparison.runs.run.nunique() - 1
    assert set(comparison.rows.dataset) == {"Set5"} and set(comparison.validation.dataset) == {"validation"}
    for row in comparison.rows.to_dict("records"):
        wanted = scores_of(row["adversarial.adversarial_weight"], row["adversarial.batch"], row["seed"])
        assert {name: row[name] for name in wanted} == wanted
    assert [factor.levels for factor in comparison.factors] == [WEIGHTS, BATCHES]
    assert comparison.factors[0].numbers == tuple(map(float, WEIGHTS))


def test_labels_that_look_like_numbers_or_like_nothing_stay_text(tmp_path):
    rows = {"run": ["a", "b"], "setting": ["0.10", "None"], "x": ["0.10", "None"], "state": "finished", "cause": ""}
    pd.DataFrame(rows).to_csv(tmp_path / "runs.csv", index=False)
    assert list(read_runs(tmp_path, ["x"]).x) == ["0.10", "None"]


@pytest.mark.parametrize(
    ("namespace", "parameter"),
    [
        ({"sweep_dir": 3}, "sweep_dir"),
        ({"patch_settings": 0}, "patch_settings"),
        ({"In": ["# Parameters\nsweep_dirr = 'x'"]}, "sweep_dirr"),
        ({"sweep_dir": "nowhere"}, "sweep_dir"),
    ],
)
def test_wrong_parameters_are_refused_with_their_name(namespace, parameter):
    with pytest.raises(ParameterError) as error:
        open_comparison(namespace)
    assert error.value.parameter == parameter
    assert parameter in str(error.value)


@pytest.mark.slow
def test_settings_with_other_validation_images_choose_no_winner(tmp_path):
    folder = make_sweep(tmp_path / "example")
    first = next(folder.glob("*batch-4.seed-0/metrics.csv"))
    metrics = pd.read_csv(first)
    metrics.loc[metrics.dataset == "validation", "psnr_y"] += 1
    metrics.to_csv(first, index=False)
    assert open_comparison({"sweep_dir": str(folder)}).validation.empty


def test_a_setting_is_the_mean_of_its_seeds(comparison):
    table = setting_scores(comparison.rows).set_index("setting")
    scores = [scores_of("0.001", "4", seed)["psnr_y"] for seed in SEEDS]
    assert table.loc["adversarial_weight 0.001, batch 4", "n"] == 3
    assert table.loc["adversarial_weight 0.001, batch 4", "PSNR-Y, dB ↑"].startswith(f"{sum(scores) / 3:.2f} (")


def test_every_run_links_to_its_report_and_the_best_score_is_known(comparison):
    table = run_scores(comparison.rows)
    assert all((comparison.folder / cell.split('"')[3]).exists() for cell in table.run)
    best = score_formats(comparison.rows)["best"]
    assert best["PSNR-Y, dB ↑"] == comparison.rows.psnr_y.max()
    assert best["LPIPS (alex) ↓"] == comparison.rows.lpips_alex.min()


def test_what_failed_is_listed_with_its_cause(comparison):
    (row,) = unfinished_table(comparison.runs).to_dict("records")
    assert row["run"] == "adversarial_weight-{}.batch-{}.seed-{}".format(*FAILED)
    assert "Diverged" in row["cause"]
    waiting = comparison.runs.assign(state="waiting", cause="")
    assert "the same command continues" in unfinished_table(waiting).cause.iloc[0]


def test_what_lies_in_the_runs_folders_is_collected(comparison):
    curves = comparison.learning_curves()
    assert curves.groupby("run").step.max().eq(400).all() and curves.run.nunique() == comparison.finished.run.nunique()
    baselines = comparison.baselines()
    assert set(baselines.method) == {"bicubic", "warmup"}
    assert set(zip(baselines.dataset, baselines.n, strict=True)) == {("Set5", 3), ("validation", 2)}
    crops = open_comparison({"sweep_dir": str(comparison.folder), "patch_images": 2}).common_crops()
    assert len(crops) == 2
    assert all(len(files) == len(WEIGHTS) * len(BATCHES) for files in crops.values())


def test_a_figure_says_what_it_shows(comparison):
    label = heat_map(comparison.rows, *comparison.factors, "psnr_y").get_label()
    highest = sum(scores_of("0.0001", "16", seed)["psnr_y"] for seed in SEEDS) / 3
    assert f"{highest:.2f} dB at adversarial_weight 0.0001 and batch 16" in label
    pairs = metric_pairs(comparison.rows, ["psnr_y", "lpips_squeeze", "lpips_alex"])
    assert len(pairs.axes) == 6, "the lower triangle and the diagonal"
    ranks = comparison.rows[["psnr_y", "lpips_alex"]].rank()
    wanted = ranks.psnr_y.corr(ranks.lpips_alex)
    assert "PSNR-Y and LPIPS (alex) " + f"{wanted:.2f}".replace("-", "−") in pairs.get_label()
