import numpy as np
import pytest

from srgan_lib.evaluation.tiles import cut, tile_counts


@pytest.mark.parametrize("blend", [False, True])
@pytest.mark.parametrize(("size", "count", "overlap"), [(100, 1, 8), (97, 3, 8), (339, 2, 40), (50, 4, 10), (64, 7, 32)])
def test_every_pixel_gets_weight_one_in_all(size, count, overlap, blend):
    total = np.zeros(size * 4)
    spans = cut(size, count, overlap, 4, blend)
    for span in spans:
        assert len(span.weights) == 4 * (span.stop - span.start)
        assert span.weights.min() >= 0
        total[4 * span.start : 4 * span.stop] += span.weights
    assert len(spans) == count
    assert total == pytest.approx(np.ones(size * 4), abs=1e-6)


def test_without_blending_a_pixel_comes_from_one_tile_that_sees_its_whole_neighbourhood():
    for span in cut(97, 3, 8, 4, blend=False):
        own = np.flatnonzero(span.weights) // 4 + span.start
        assert set(span.weights) <= {0, 1}
        assert own.min() - span.start >= 8 or span.start == 0
        assert span.stop - 1 - own.max() >= 8 or span.stop == 97


def test_blending_fades_over_the_overlap():
    first, second = cut(100, 2, 10, 1, blend=True)
    fading = second.weights[: 2 * 10]
    assert (np.diff(fading) > 0).all()
    assert fading[0] < 0.05
    assert fading[-1] > 0.95
    assert first.stop - second.start == 20


@pytest.mark.parametrize(("height", "width"), [(339, 510), (1356, 2040), (5000, 100), (33, 33), (1, 4000)])
@pytest.mark.parametrize(("tile", "overlap"), [(192, 40), (32, 40), (64, 2)])
def test_no_tile_covers_more_than_its_share(height, width, tile, overlap):
    counts = tile_counts(height, width, tile, overlap)
    longest = [max(span.stop - span.start for span in cut(size, count, overlap, 1, False))
               for size, count in zip((height, width), counts, strict=True)]
    assert longest[0] * longest[1] <= (tile + 2 * overlap) ** 2


def test_a_small_image_is_one_tile_and_the_work_of_others_stays_small():
    assert tile_counts(250, 260, 192, 40) == (1, 1)
    rows, columns = tile_counts(339, 510, 192, 40)
    work = np.prod([sum(span.stop - span.start for span in cut(size, count, 40, 1, False))
                    for size, count in ((339, rows), (510, columns))])
    assert work <= 1.5 * 339 * 510
