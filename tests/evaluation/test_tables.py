import numpy as np
import pandas as pd
import pytest

from srgan_lib.evaluation.tables import along, as_text, summarise
from srgan_report.exhibits import markup
from srgan_report.exhibits.tables import detail, overview


@pytest.fixture(scope="module")
def summary():
    rows = [
        {
            "dataset": dataset,
            "image": f"image{number}",
            "method": method,
            "lpips_alex": 0.4 - 0.1 * place,
            "psnr_y": 25 + number + place,
            "ssim_y": np.nan,
        }
        for dataset in ("one", "two")
        for number in range(6)
        for place, method in enumerate(("bicubic", "srgan"))
    ]
    return summarise(pd.DataFrame(rows))


def test_overview_has_a_row_per_method_and_says_where_better_is(summary):
    table = overview(summary, "two")
    frame = table["frame"]
    assert list(frame.columns) == ["method", "PSNR-Y, dB ↑", "LPIPS (alex) ↓"]
    assert list(frame.method) == ["bicubic", "SRGAN"]
    assert list(frame["PSNR-Y, dB ↑"]) == [27.5, 28.5]
    assert table["best"] == {"PSNR-Y, dB ↑": 28.5, "LPIPS (alex) ↓": pytest.approx(0.3)}
    assert table["formats"] == {"PSNR-Y, dB ↑": ".2f", "LPIPS (alex) ↓": ".3f"}


def test_the_best_is_of_the_run_not_of_a_model_that_came_with_the_package(summary):
    renamed = summary.replace({"method": {"srgan": "reference_srgan"}})
    assert overview(renamed, "two")["best"] == {"PSNR-Y, dB ↑": 27.5, "LPIPS (alex) ↓": pytest.approx(0.4)}
    assert detail(renamed, "two", "psnr_y")["best"] == {"PSNR-Y, dB ↑": 27.5}


def test_interpolation_is_not_ranked_by_artefacts(summary):
    renamed = summary.replace({"method": {"bicubic": "nearest"}, "metric": {"lpips_alex": "log_spectral_distance"}})
    swapped = renamed.assign(mean=-renamed["mean"])  # nearest is best by both
    assert overview(swapped, "two")["best"] == {
        "PSNR-Y, dB ↑": -27.5,
        "log-spectral distance, dB ↓": pytest.approx(-0.3),
    }
    assert detail(swapped, "two", "log_spectral_distance")["best"] == {
        "log-spectral distance, dB ↓": pytest.approx(-0.3)
    }
    assert list(overview(swapped.query("method == 'nearest'"), "two")["best"].values()) == [-27.5, None]


def test_detail_has_intervals_and_tests_of_one_metric(summary):
    frame = detail(summary, "one", "psnr_y")["frame"].set_index("method")
    assert frame.loc["SRGAN", "from bicubic"] == "+1.00 (+1.00 to +1.00)"
    assert frame.loc["bicubic", "from bicubic"] == ""
    assert frame.loc["SRGAN", "p (Holm)"] == pytest.approx(2 / 2**6)
    assert " to " in frame.loc["SRGAN", "95 % interval"]
    assert list(frame.columns).index("IQR") == list(frame.columns).index("median") + 1


def test_plain_text_has_mean_and_deviation_of_every_dataset(summary):
    lines = as_text(summary).splitlines()
    assert [line for line in lines if "images" in line] == ["one, 6 images", "two, 6 images"]
    assert "27.50 ± 1.87" in lines[3] and "0.400 ± 0.000" in lines[3] and lines[3].startswith("bicubic")


def test_the_way_from_one_network_to_another_by_its_shares(summary):
    table = along(summary, {"srgan": 1, "bicubic": 0})
    assert list(table.columns) == ["dataset", "share", "method", "psnr_y", "lpips_alex"]
    assert table[table.dataset == "two"].psnr_y.tolist() == [27.5, 28.5]
    assert table.share.tolist() == [0, 1, 0, 1]
    assert along(summary, {"srgan": 1}).method.tolist() == ["srgan", "srgan"]


@pytest.mark.parametrize("images", [1, 2, 3, 4])
def test_a_few_images_leave_no_interval_and_no_nan(images):
    scores = {"bicubic": [25.0, 27.0, 26.0, 31.0], "srgan": [26.0, 27.5, 29.0, 31.5]}
    rows = [
        {"dataset": "one", "image": f"image{number}", "method": method, "psnr_y": values[number]}
        for method, values in scores.items()
        for number in range(images)
    ]
    found = summarise(pd.DataFrame(rows))
    shown = detail(found, "one", "psnr_y")
    html = markup.table(shown["frame"], "psnr", formats=shown["formats"], best=shown["best"])
    assert "nan" not in as_text(found) + html
    assert [text == "–" for text in shown["frame"]["95 % interval"]] == [images < 4] * 2
    assert list(shown["frame"]["better on"]) == ["", f"{images} of {images}"]
    assert ("(" in shown["frame"]["from bicubic"].iloc[1]) == (images >= 4)
