import numpy as np
import pytest

from srgan_lib.data.images import read_image
from srgan_lib.data.pairs import Pair, check_alignment, evenly_spaced, resemblance
from srgan_lib.data.resize import imresize
from srgan_lib.data.sources import find_photos


@pytest.fixture(scope="module")
def pair():
    photo = next(p for p in find_photos("builtin", scale=4) if p.image == "chelsea")
    hr = read_image(photo.path)[:256, :320]
    return Pair("cat", hr, imresize(hr, 1 / 4))


def test_bicubic_pairs_fit_exactly(pair):
    assert check_alignment([pair], 4).to_dict("records") == [
        {"image": "cat", "shift_rows": 0, "shift_columns": 0, "difference": 0.0}
    ]


@pytest.mark.parametrize("shift", [(2, 0), (-1, 3)])
def test_shifts_are_found(pair, shift):
    moved = Pair("moved", pair.hr, np.roll(pair.lr, shift, axis=(0, 1)))
    row = check_alignment([moved], 4).iloc[0]
    assert (row.shift_rows, row.shift_columns) == shift and row.difference == 0


def test_difference_is_in_levels_of_luminance(pair):
    darker = Pair("darker", pair.hr, np.maximum(pair.lr, 20) - 20)
    difference = check_alignment([darker], 4).difference[0]
    assert 16 < difference < 20 * 219 / 255 + 1e-9


def test_pairs_without_lr_are_left_out(pair):
    assert check_alignment([Pair("cat", pair.hr, None)], 4).empty


def test_flat_and_tiny_images():
    flat = np.full((16, 16, 3), 80, np.uint8)
    row = check_alignment([Pair("flat", flat, flat[:4, :4])], 4).iloc[0]
    assert (row.shift_rows, row.shift_columns, row.difference) == (0, 0, 0)


def test_resemblance(pair):
    assert resemblance(pair.lr, pair.lr) == pytest.approx(1)
    assert abs(resemblance(pair.lr, pair.lr[:, ::-1])) < 0.7
    assert resemblance(np.full_like(pair.lr, 9), pair.lr) == 1


@pytest.mark.parametrize(
    ("count", "chosen"),
    [(0, []), (1, [0]), (2, [0, 9]), (4, [0, 3, 6, 9]), (10, list(range(10))), (99, list(range(10)))],
)
def test_from_the_first_to_the_last(count, chosen):
    assert evenly_spaced(range(10), count) == chosen


def test_none_is_chosen_twice():
    for many in range(1, 60):
        for count in range(1, many + 1):
            assert len(set(evenly_spaced(range(many), count))) == count


def test_of_nothing_nothing():
    assert evenly_spaced([], 3) == []
