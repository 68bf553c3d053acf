import numpy as np
import pandas as pd
import pytest

from srgan_lib.evaluation.metrics import METRICS
from srgan_lib.evaluation.published import compare, published


def test_every_figure_is_complete_and_within_reason():
    figures = published()
    assert not figures.isna().any().any()
    assert not figures.duplicated(["source", "dataset", "scale", "method", "metric"]).any()
    assert set(figures.metric) <= {*METRICS, "mos", "psnr", "ssim", "lpips"}
    bounds = {"psnr_y": (20, 40), "psnr": (15, 40), "mos": (1, 5)}
    for figure in figures.itertuples():
        low, high = bounds.get(figure.metric, (0, 1))
        assert low <= figure.value <= high


def test_figures_are_found_by_what_they_are():
    table = published("Set5", "psnr_y", source="ledig2017", scale=4).set_index("method").value
    assert (table.bicubic, table.SRResNet, table.srgan) == (28.43, 32.05, 29.40)
    assert published("Set5", scale=3).empty


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
    table = compare(summary, scale=4)
    assert set(table.dataset) == {"Set5"} and set(table.metric) == {"psnr_y"}  # no published SSIM is Wang's
    ledig = table[table.title.str.contains("SRGAN")].set_index("method")
    assert ledig.published.to_dict() == {"bicubic": 28.43, "warmup": 32.05}
    assert ledig.difference.to_numpy() == pytest.approx([0.07, -1.05])
    assert compare(summary, scale=2).empty
    assert np.isfinite(table.difference).all()
