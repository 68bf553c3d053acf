from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srgan_lib.layout import TRAINING_STAGES
from srgan_lib.metrics.measure import METRICS
from srgan_lib.params.evaluation import Published
from srgan_report.exhibits.published import (
    COLUMNS,
    LABELS,
    compare,
    compare_curves,
    compare_recipe,
    counterparts,
    published,
    reaches,
    relative_to_bicubic,
    wide,
    with_people,
)
from srgan_report.params_file import check
from srgan_report.sweep.definition import read_sweep
from srgan_report.sweep.expansion import expand

ROOT = Path(__file__).parents[2]

RECIPE = Published.model_validate(
    {
        "title": "A report",
        "metrics": [
            {"dataset": "DIV2K", "method": "bicubic", "metric": "psnr", "beside": "psnr_rgb", "value": 26.0},
            {"dataset": "DIV2K", "method": "Theirs", "metric": "psnr", "beside": "psnr_rgb", "value": 17.0},
            {"dataset": "DIV2K", "method": "bicubic", "metric": "lpips", "beside": "lpips_alex", "value": 0.4},
            {
                "dataset": "DIV2K",
                "method": "Theirs",
                "metric": "lpips",
                "beside": "lpips_alex",
                "value": 0.3,
                "note": "!",
            },
        ],
        "methods": {"Theirs": "srgan"},
    }
)


def summary_of(dataset):
    rows = [("bicubic", "psnr_rgb", 24.0), ("srgan", "psnr_rgb", 22.0)]
    rows += [("bicubic", "lpips_alex", 0.5), ("srgan", "lpips_alex", 0.25), ("srgan", "psnr_y", 23.5)]
    return pd.DataFrame([(dataset, *row) for row in rows], columns=["dataset", "method", "metric", "mean"])


def test_every_figure_is_complete_and_within_reason():
    scores = published()
    assert not scores.isna().any().any()
    assert not scores.duplicated(["source", "dataset", "scale", "method", "metric"]).any()
    assert set(scores.metric) <= {*METRICS, "mos", "psnr", "ssim", "lpips"}
    bounds = {"psnr_y": (20, 40), "psnr": (15, 40), "mos": (1, 5)}
    for figure in scores.itertuples():
        low, high = bounds.get(figure.metric, (0, 1))
        assert low <= figure.value <= high


def test_figures_are_found_by_what_they_are():
    table = published(dataset="Set5", metric="psnr_y", source="ledig2017", scale=4).set_index("method").value
    assert (table.bicubic, table.SRResNet, table.SRGAN) == (28.43, 32.05, 29.40)
    assert published(dataset="Set5", scale=3).empty


def trainings(warmup=(), adversarial=()):
    """Flat parameters of the three trainings; those of the generators are given."""
    params = check({"warmup": {"content_weight": 0, **dict(warmup)}, "adversarial": dict(adversarial)})
    return {stage: params.stage(stage) for stage in TRAINING_STAGES}


def named(warmup=(), adversarial=(), architecture="SRResNet"):
    """The names of a run's generators in the literature, but for SRCNN's."""
    found = counterparts(dict.fromkeys(("warmup", "srgan"), architecture), trainings(warmup, adversarial))
    assert found.pop("SRCNN") == "srcnn"
    return found


MIX = {"pixel_weight": 1.0, "content_layers": {"relu2_2": 0.5, "relu3_1": 0.5}}
VGG54 = {"pixel_weight": 0, "content_loss": "mse", "content_layers": {"relu5_4": 1.0}, "content_weights": "imagenet"}
VGG22 = VGG54 | {"content_layers": {"relu2_2": 1.0}}
BOTH = {"SRResNet": "warmup", "SRGAN": "srgan"}


@pytest.mark.parametrize(
    ("warmup", "adversarial", "expected"),
    [
        ({}, MIX, BOTH),
        ({"steps": 1}, MIX, {"SRGAN": "srgan"}),
        ({"content_weight": 0.1}, MIX, {"SRGAN": "srgan"}),
        ({}, MIX | {"steps": 1}, {"SRResNet": "warmup"}),
        ({}, MIX | {"content_weight": 0}, {"SRResNet": "warmup"}),
        ({"pixel_loss": "mse"}, VGG54, BOTH | {"SRResNet-MSE": "warmup", "SRGAN-VGG54": "srgan"}),
        ({}, VGG22, {"SRResNet": "warmup", "SRGAN-VGG22": "srgan"}),
        ({}, VGG22 | {"adversarial_weight": 0}, {"SRResNet": "warmup", "SRResNet-VGG22": "srgan"}),
        ({}, VGG22 | {"content_weights": "random"}, BOTH),
        ({}, VGG54 | {"grid_weight": 0.1}, BOTH),
        ({}, VGG54 | {"extra_losses": {"my_loss.py:MyLoss": 1.0}}, BOTH),
        ({}, {"content_weight": 0, "pixel_loss": "mse"}, {"SRResNet": "warmup", "SRGAN-MSE": "srgan"}),
    ],
)
def test_a_generator_has_a_name_in_the_literature_by_what_it_was_trained_with(warmup, adversarial, expected):
    assert named(warmup, adversarial) == expected


def test_another_architecture_or_a_single_step_has_no_name_in_the_literature():
    assert named(architecture="RRDBNet", adversarial=VGG54) == {}
    untrained = trainings() | {"srcnn": {"steps": 1}}
    assert counterparts({"warmup": "SRResNet", "srgan": "SRResNet"}, untrained) == BOTH


@pytest.mark.parametrize("case", ["SRResNet-MSE", "SRResNet-VGG22", "SRGAN-MSE", "SRGAN-VGG22", "SRGAN-VGG54"])
def test_each_case_of_ledig_s_table_1_stands_beside_its_own_published_scores(case):
    sweep = read_sweep(ROOT / "params" / "sweeps" / "ledig_losses.yaml")
    runs = {run.setting: run.params for run in expand(sweep)[1]}
    assert len(runs) == 5
    params = runs[case]
    known = counterparts(
        {"warmup": "SRResNet", "srgan": "SRResNet"}, {stage: params.stage(stage) for stage in TRAINING_STAGES}
    )
    summary = pd.DataFrame(
        [("Set5", "warmup", "psnr_y", 32.0), ("Set5", "srgan", "psnr_y", 30.0)],
        columns=["dataset", "method", "metric", "mean"],
    )
    table = compare_recipe(summary, params.published, known)
    compared = table.dropna(subset="measured")
    [own] = published(dataset="Set5", metric="psnr_y", source="ledig2017_losses").set_index("method").loc[[case]].value
    beside = set(compared.published[compared.method == ("warmup" if case == "SRResNet-MSE" else "srgan")])
    assert beside == {own}
    elsewhere = compare(summary, 4, known)
    theirs = elsewhere[(elsewhere.method == "srgan") & elsewhere.title.str.contains("Ledig")]
    assert set(theirs.published) == (set() if case == "SRResNet-MSE" else {own})


def test_every_figure_from_a_repository_names_file_and_commit():
    for title in published().title.unique():
        assert ("Table" in title) != ("README of github.com/" in title)
        assert "Table" in title or len(title.rpartition(" at ")[2]) == 7, title


def test_measured_figures_stand_beside_published_ones():
    summary = pd.DataFrame(
        [
            ("Set5", "bicubic", "psnr_y", 28.5),
            ("Set5", "warmup", "psnr_y", 31.0),
            ("Set5", "bicubic", "ssim_y", 0.81),
            ("heldout", "bicubic", "psnr_y", 27.0),
        ],
        columns=["dataset", "method", "metric", "mean"],
    )
    table = compare(summary, 4, BOTH)
    assert set(table.dataset) == {"Set5"} and set(table.metric) == {"psnr_y"}  # no published SSIM is Wang's
    ledig = table[table.title.str.contains("SRGAN")].set_index("method")
    assert ledig.published.to_dict() == {"bicubic": 28.43, "warmup": 32.05}
    assert ledig.difference.to_numpy() == pytest.approx([0.07, -1.05])
    assert compare(summary, 2, BOTH).empty
    assert "warmup" not in set(compare(summary, 4, {}).method)
    assert np.isfinite(table.difference).all()


def test_a_recipe_s_figures_all_appear_each_beside_the_metric_it_names():
    table = compare_recipe(summary_of("DIV2K"), RECIPE, BOTH)
    assert list(table.columns) == COLUMNS
    assert list(table.method) == ["bicubic", "srgan"] * 2
    assert list(table.measured_as) == ["psnr_rgb"] * 2 + ["lpips_alex"] * 2
    assert table.measured.tolist() == [24.0, 22.0, 0.5, 0.25]
    assert table.difference.to_numpy() == pytest.approx([-2.0, 5.0, 0.1, -0.05])
    assert list(table.note) == ["", "", "", "!"] and set(table.title) == {"A report"}
    elsewhere = compare_recipe(summary_of("BSD100"), RECIPE, BOTH)
    assert list(elsewhere.published) == list(table.published) and elsewhere.measured.isna().all()
    assert compare_recipe(summary_of("DIV2K"), Published(), BOTH).empty


def test_a_source_s_whole_table_appears_with_columns_that_nothing_here_measures():
    table = compare_recipe(summary_of("Set5"), Published(title="Ledig", sources=["ledig2017"]), BOTH)
    rows = table[table.dataset == "Set5"]
    assert {"SelfExSR", "DRCN", "warmup", "srgan"} <= set(rows.method)
    shown = wide(rows)["frame"].set_index("method")
    assert shown.loc["DRCN", "MOS, published"] == 3.26
    assert shown.loc["SRGAN", "PSNR-Y, measured"] == 23.5
    assert shown.loc["SRGAN", "difference in PSNR-Y"] == pytest.approx(23.5 - 29.40)
    assert "SSIM-Y (daala), published" in shown and not any("MOS, measured" in name for name in shown)
    with pytest.raises(ValueError, match=r"published\.sources: no source is called ledig; there are ledig2017"):
        compare_recipe(summary_of("Set5"), Published(sources=["ledig"]), BOTH)


def test_unstated_conventions_are_named_in_the_table():
    table = wide(compare_recipe(summary_of("DIV2K"), RECIPE, BOTH))
    assert list(table["frame"].columns[1:4]) == [
        "PSNR (convention not stated), published",
        "PSNR-RGB, measured",
        "difference in PSNR-RGB",
    ]
    assert table["formats"]["PSNR-RGB, measured"] == ".2f" and table["formats"]["LPIPS (alex), measured"] == ".3f"
    assert set(LABELS) == {"psnr", "ssim", "lpips", "mos"}


def test_other_images_are_compared_by_their_distance_to_bicubic():
    summary = summary_of("BSD100")
    table = relative_to_bicubic(compare_recipe(summary, RECIPE, BOTH), summary).set_index("metric")
    assert table.published.to_dict() == {"psnr": -9.0, "lpips": pytest.approx(0.75)}
    assert table.measured.to_dict() == {"psnr": -2.0, "lpips": pytest.approx(0.5)}
    assert set(table.measured_on) == {"BSD100"} and set(table.method) == {"srgan"}
    same = summary_of("DIV2K")
    assert relative_to_bicubic(compare_recipe(same, RECIPE, BOTH), same).empty


def test_two_sources_of_one_test_set_are_told_apart():
    summary = summary_of("builtin").replace("psnr_rgb", "psnr_y").drop_duplicates(["dataset", "method", "metric"])
    recipe = Published(title="Both", sources=["ledig2017", "spsr"], methods={"TensorLayer SRGAN": "srgan"})
    table = relative_to_bicubic(compare_recipe(summary, recipe, BOTH), summary)
    rows = table[(table.method == "srgan") & (table.metric == "psnr_y") & (table.published_on == "Set5")]
    known = published(dataset="Set5", metric="psnr_y", scale=4).set_index(["source", "method"]).value
    own = {"ledig2017": "SRGAN", "spsr": "TensorLayer SRGAN"}
    expected = [known[source, method] - known[source, "bicubic"] for source, method in own.items()]
    assert rows.title.nunique() == 2
    assert sorted(rows.published) == pytest.approx(sorted(expected))


def test_srgan_scores_of_spsr_are_not_passed_off_as_ledig_s():
    rows = published(source="spsr")
    assert "SRGAN" not in set(rows.method) and "TensorLayer SRGAN" in set(rows.method)


def test_a_source_without_bicubic_is_set_beside_another_s():
    summary = summary_of("builtin").replace("psnr_rgb", "psnr_y").drop_duplicates(["dataset", "method", "metric"])
    recipe = Published(title="ESRGAN", sources=["esrgan_readme", "spsr"], methods={"RRDB": "srgan"})
    table = relative_to_bicubic(compare_recipe(summary, recipe, BOTH), summary)
    known = published(dataset="Set5", metric="psnr_y", scale=4).set_index(["source", "method"]).value
    readme = published(source="esrgan_readme").title.iloc[0]
    [row] = table[(table.title == readme) & (table.published_on == "Set5") & (table.method == "srgan")].itertuples()
    assert row.published == pytest.approx(known["esrgan_readme", "RRDB"] - known["spsr", "bicubic"])


def test_a_figure_of_a_metric_that_is_none_of_this_project_s_is_shown_by_its_name():
    figure = {"dataset": "DIV2K", "method": "Theirs", "metric": "fid", "value": 31.0}
    recipe = Published.model_validate({"title": "A report", "metrics": [figure]})
    table = wide(compare_recipe(summary_of("DIV2K"), recipe, BOTH))["frame"]
    assert table["fid, published"].tolist() == [31.0] and "fid, measured" not in table


def test_training_curves_stand_beside_what_the_source_reports():
    scores = [
        {"stage": "adversarial", "quantity": "loss", "part": [0.0, 0.5], "value": 2.0, "note": "early"},
        {"stage": "adversarial", "quantity": "adversarial", "value": [10, 20]},
        {"stage": "adversarial", "quantity": "fake", "divided_by": "real", "value": [1.5, 2.0]},
        {"stage": "warmup", "quantity": "content", "value": 1.0},
    ]
    curve = pd.DataFrame(
        {"step": [1, 2, 3, 4], "loss": [4.0, 2.0, 1.0, 1.0], "adversarial": 15.0, "fake": 6.0, "real": 2.0}
    )
    table = compare_curves(Published(curves=scores), {"adversarial": curve, "warmup": curve})
    assert list(table.quantity) == ["loss", "adversarial", "fake / real", "content"]
    assert list(table.part) == ["0 to 50", "0 to 100", "0 to 100", "0 to 100"]
    assert list(table.published) == ["2", "10 to 20", "1.5 to 2", "1"]
    assert table.measured.tolist()[:3] == [3.0, 15.0, 3.0] and np.isnan(table.measured[3])
    assert table.difference.tolist()[:3] == [1.0, 0.0, 1.0]
    assert compare_curves(Published(), {}).empty


def test_people_and_metrics_are_compared_by_ranks_of_published_methods():
    [shown] = with_people(4)
    assert list(with_people(3)) == []
    row = shown.content.set_index(["dataset", "metric"]).loc["Set5", "PSNR-Y"]
    # By MOS: nearest, bicubic, SRCNN, SelfExSR, ESPCN, DRCN, SRResNet, SRGAN; by PSNR SRGAN is third of them.
    assert list(row) == [8, pytest.approx(1 - 6 * (5**2 + 5) / (8 * 63))]
    figures = published(source="ledig2017", metric="mos")
    for _, group in figures[figures.method != "hr"].groupby("dataset"):
        assert group.method[group.value.idxmax()] == "SRGAN", "as the caption says"


@pytest.mark.parametrize(
    ("metric", "difference", "reached"),
    [("psnr_y", 0.1, 1), ("psnr_y", -0.004, 1), ("psnr_y", -0.1, 0), ("lpips_alex", -0.1, 1), ("lpips_alex", 0.1, 0)],
)
def test_a_caption_counts_the_published_scores_that_are_reached(metric, difference, reached):
    rows = pd.DataFrame({"metric": [metric, metric], "measured": [1.0, np.nan], "difference": [difference, np.nan]})
    assert f"in {reached} of 1 " in reaches(rows)
    assert "None" in reaches(rows[1:])
