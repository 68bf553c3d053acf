import json
import math
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from srgan_lib.data.images import read_image
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.evaluator import FIRST_COLUMNS, evaluate, metric_names
from srgan_lib.evaluation.methods import classical, match_test_sets
from srgan_lib.evaluation.samples import WholeImages
from srgan_lib.methods import TRAINED
from srgan_lib.metrics.measure import METRICS, measure
from srgan_lib.models.files import save_model
from srgan_lib.models.generators import build_generator
from srgan_lib.params.evaluation import Evaluation, ExtraMetric
from srgan_lib.params.shared import Shared
from srgan_report.upscaling.contestants import repeated_trainings


@pytest.fixture(scope="module")
def methods():
    return {"nearest": classical("nearest", 4), "bicubic": classical("bicubic", 4), "srgan": lambda pair: pair.hr ^ 1}


@pytest.fixture(scope="module")
def result(pairs, methods):
    return evaluate(
        {"one": pairs[:2], "two": pairs[2:]},
        methods,
        scale=4,
        samples=2,
        names=["log_spectral_distance", "psnr_y", "ssim_y"],
    )


def judge(pairs, methods, **options):
    """Judge the first two pairs as one test set."""
    return evaluate({"one": pairs[:2]}, methods, scale=4, **options)


def test_one_row_for_each_image_and_method_in_fixed_columns(result, pairs):
    frame = result.metrics
    assert list(frame.columns) == [*FIRST_COLUMNS, "log_spectral_distance"]
    assert FIRST_COLUMNS == ("dataset", "image", "method", "psnr_y", "ssim_y", "lpips_alex")
    assert list(frame.dataset) == ["one"] * 6 + ["two"] * 3
    assert list(frame.image) == [pair.image for pair in pairs for _ in range(3)]
    assert list(frame.method) == ["nearest", "bicubic", "srgan"] * 3
    assert frame.psnr_y[1] == measure(imresize(pairs[0].lr, 4), pairs[0].hr, 4, ["psnr_y"])["psnr_y"]
    assert frame.lpips_alex.isna().all()


def test_spectra_are_means_of_every_method_and_of_hr(result):
    spectra = result.spectra
    assert list(spectra.columns) == ["dataset", "method", "frequency", "power"]
    assert set(spectra.method) == {"nearest", "bicubic", "srgan", "hr"}
    power = spectra[spectra.dataset == "one"].pivot(index="frequency", columns="method", values="power")
    assert power.index.is_monotonic_increasing and power.index.max() < 0.5
    assert abs(power.srgan - power.hr).max() < abs(power.bicubic - power.hr).max()


def test_samples_carry_results_and_figures_also_of_images_not_held(result, pairs, methods):
    assert len(result.samples) == 2
    for sample in result.samples:
        pair = next(pair for pair in pairs if pair.image == sample.image)
        assert sample.dataset == ("two" if pair is pairs[2] else "one")
        assert sample.hr is pair.hr and sample.lr is pair.lr
        for method, enlarge in methods.items():
            assert np.array_equal(sample.results[method], enlarge(pair))
            assert sample.scores[method]["psnr_y"] == measure(enlarge(pair), pair.hr, 4, ["psnr_y"])["psnr_y"]


def test_networks_of_repeated_trainings_are_measured_beside_the_run_s_own(pairs, methods, result, tmp_path):
    config = {"architecture": "srcnn", "scale": 4, "global_skip": "bicubic"}
    for network in TRAINED.values():
        save_model(network.path(tmp_path), build_generator(config), config)
    shared, evaluation = Shared.model_validate({"device": "cpu", "dtype": "float32"}), Evaluation()
    repeats = repeated_trainings([tmp_path, tmp_path], shared, evaluation)
    assert [list(one) for one in repeats] == [list(TRAINED)] * 2
    told = []
    found = judge(
        pairs,
        methods,
        names=["log_spectral_distance", "psnr_y", "ssim_y"],
        repeats=[{"srgan": one["srgan"]} for one in repeats],
        on_step=lambda *what: told.append(what),
    )
    assert told[-1] == (10, 10) and result.repeats is None
    first = result.metrics[result.metrics.dataset == "one"]
    pd.testing.assert_frame_equal(found.metrics, first)
    assert found.repeats is not None
    assert list(found.repeats.columns) == ["repeat", *first.columns] and list(found.repeats.repeat) == [1, 2] * 2
    assert found.repeats.psnr_y[0] == found.repeats.psnr_y[1] < first[first.method == "srgan"].psnr_y.max()


def test_the_typical_image_of_each_dataset_is_kept_too(pairs, methods):
    found = evaluate({"one": pairs[:2], "two": pairs[2:]}, methods, scale=4, samples=0, names=["psnr_y"])
    hard_to_easy = sorted(pairs[:2], key=lambda pair: measure(imresize(pair.lr, 4), pair.hr, 4, ["psnr_y"])["psnr_y"])
    assert not found.samples
    assert [(sample.dataset, sample.image) for sample in found.typical] == [
        ("one", hard_to_easy[1].image),
        ("two", pairs[2].image),
    ]
    assert np.array_equal(found.typical[0].results["srgan"], hard_to_easy[1].hr ^ 1)
    everything = judge(pairs, methods, samples=2, names=["psnr_y"])
    assert len(everything.samples) == 2 and not everything.typical, "shown already"


def test_whole_images_are_written_and_read_back(pairs, methods, tmp_path):
    images = WholeImages(tmp_path / "images")
    found = judge(pairs, methods, samples=1, images=images, names=["psnr_y"])
    index = json.loads((images.folder / "index.json").read_text())
    assert [entry["image"] for entry in index] == [pair.image for pair in pairs[:2]]
    for entry, pair in zip(index, pairs, strict=False):
        made = {"lr": pair.lr, **{method: enlarge(pair) for method, enlarge in methods.items()}, "hr": pair.hr}
        assert list(entry["methods"]) == list(made)
        for method, pixels in made.items():
            assert entry["methods"][method] == f"{method}/one/{pair.image}.png"
            assert np.array_equal(read_image(images.folder / entry["methods"][method]), pixels)
    assert match_test_sets(images.folder / "srgan", {"one": [pair.image for pair in pairs[:2]]})
    sample = (found.samples + found.typical)[-1]
    assert np.array_equal(sample.results["srgan"], sample.hr ^ 1), "also of an image that is not held"


def test_progress_is_told_and_what_was_not_computed_once(pairs, methods, tmp_path, monkeypatch, caplog):
    for variable in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    steps = []
    names = ["psnr_y", "lpips_alex", "lpips_squeeze"]
    found = judge(pairs, methods, names=names, on_step=lambda *what: steps.append(what))
    assert steps == [(done, 6) for done in range(1, 7)]
    assert len(caplog.messages) == 2
    assert "SRGAN_WEIGHTS" in found.not_computed["lpips_alex"]
    assert all(math.isnan(value) for value in found.metrics.lpips_squeeze)


def test_metric_names_follow_the_parameters():
    assert metric_names(Evaluation(lpips_nets=["squeeze"], extra_metrics=["vif_y"])) == [
        "psnr_y",
        "ssim_y",
        "lpips_squeeze",
        "vif_y",
        "grid_artefact",
        "flat_noise",
        "log_spectral_distance",
    ]
    everything = Evaluation(extra_metrics=list(get_args(ExtraMetric)))
    assert set(metric_names(everything)) == set(METRICS)
