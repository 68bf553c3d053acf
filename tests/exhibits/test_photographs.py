import io

import numpy as np
import pandas as pd
import pytest
import torch

from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_report.exhibits import photographs as figures


@pytest.fixture
def pairs(picture):
    images = {name: imresize(picture(seed), 2) for seed, name in enumerate(["one", "two", "three", "four"])}
    return [Pair(name, hr, imresize(hr, 1 / 4)) for name, hr in images.items()]


@pytest.fixture
def split():
    rows = [("train", 64, 48)] * 3 + [("train", 90, 70), ("validation", 64, 48), ("test", 30, 20)]
    return pd.DataFrame(rows, columns=["split", "width", "height"])


def drawn(figure):
    """The figure's picture: it can be drawn without an error, and is not blank."""
    file = io.BytesIO()
    figure.savefig(file, format="raw", dpi=40)
    pixels = np.frombuffer(file.getvalue(), np.uint8)
    assert pixels.std() > 1
    return pixels


def test_split_overview_counts_every_part(split):
    figure = figures.split_overview(split)
    sizes, counts = figure.axes
    assert [text.get_text() for text in counts.texts] == ["4", "1", "1"]
    assert [len(points.get_offsets()) for points in sizes.collections] == [2, 1, 1]
    assert "pixels" in sizes.get_xlabel() and "pixels" in sizes.get_ylabel()
    drawn(figure)


def test_statistics_have_closed_forms():
    red = np.zeros((8, 8, 3), np.uint8)
    red[:4, :, 0] = 255
    row = figures.statistics({"test": [Pair("red", red, None)]}).iloc[0]
    assert (row.split, row.image, row.red, row.green) == ("test", "red", 127.5, 0)
    assert np.allclose([row.luminance, row.contrast, row.saturation], [16 + 65.481 / 2, 65.481 / 2, 0.5])


def test_colour_statistics(pairs):
    table = figures.statistics({"train": pairs[:3], "test": pairs[3:]})
    figure = figures.colour_statistics(table)
    assert len(figure.axes) == 3 and all(axis.get_xlabel() for axis in figure.axes)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["train", "test"]
    drawn(figure)


def test_spectra_show_what_is_lost(pairs):
    table = figures.spectra(pairs, 4)
    assert list(table.columns) == ["frequency", "hr", "bicubic"]
    high = table[table.frequency > 0.2]
    assert (high.hr > high.bicubic).all()
    without = figures.spectra([Pair(pair.image, pair.hr, None) for pair in pairs], 4)
    pd.testing.assert_frame_equal(table, without)
    axes = figures.spectrum(table, 4).axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert lines["highest frequency of LR, 1/8"].get_xdata()[0] == 1 / 8
    drawn(axes.figure)


def test_spectra_are_geometric_means(pairs):
    table = figures.spectra(pairs[:2], 4)
    single = [figures.spectra([pair], 4).hr for pair in pairs[:2]]
    assert np.allclose(table.hr, np.sqrt(single[0] * single[1]), equal_nan=True)


def test_pairs_sheet_shows_the_same_place_of_both(pairs):
    figure = figures.pairs_sheet(pairs, 4, count=2).content
    assert len(figure.axes) == 8
    for row in range(2):
        hr, lr, hr_detail, lr_detail = (axis.get_images()[0].get_array() for axis in figure.axes[4 * row : 4 * row + 4])
        assert hr.shape[0] == 4 * lr.shape[0] and hr_detail.shape[0] == 4 * lr_detail.shape[0]
        assert abs(imresize(np.asarray(hr_detail), 1 / 4).astype(int) - lr_detail)[2:-2, 2:-2].max() <= 1
    assert [axis.texts[0].get_text() for axis in figure.axes[::4]] == ["one", "four"]
    drawn(figure)


def test_pairs_sheet_leaves_out_pairs_without_lr(pairs):
    figure = figures.pairs_sheet([Pair("none", pairs[0].hr, None), pairs[1]], 4, count=3).content
    assert len(figure.axes) == 4


def test_crops_sheet_repeats_lr_pixels():
    lr = torch.arange(10 * 3 * 8 * 8, dtype=torch.uint8).reshape(10, 3, 8, 8)
    hr = torch.zeros(10, 3, 32, 32, dtype=torch.uint8)
    figure = figures.crops_sheet(lr, hr).content
    assert [axis.get_title() for axis in figure.axes] == ["HR", "LR", "HR", "LR"]
    strip = figure.axes[1].get_images()[0].get_array()
    assert strip.shape == (32, 8 * 34 - 2, 3)
    assert np.array_equal(strip[::4, 34 : 34 + 32 : 4], lr[1].permute(1, 2, 0))
    drawn(figure)


def test_degradations_sheet(pairs):
    figure = figures.degradations_sheet(pairs[0], 4, seed=0).content
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:4] == ["HR", "bicubic", "bicubic, float", "blur σ 1, bicubic"] and len(titles) == 8
    again = figures.degradations_sheet(pairs[0], 4, seed=0).content
    for one, other in zip(figure.axes, again.axes, strict=True):
        assert np.array_equal(one.get_images()[0].get_array(), other.get_images()[0].get_array())


def test_detailed_spot_finds_the_texture():
    image = np.full((100, 140, 3), 90, np.uint8)
    image[40:72, 96:128] = np.random.default_rng(0).integers(0, 256, (32, 32, 3))
    assert figures.detailed_spot(image, 32, 4) == (40, 96)
    row, column = figures.detailed_spot(image, 500, 4)  # no larger square fits than 100×100
    assert row == 0 and 28 <= column <= 40
