import numpy as np
import pytest

from srgan_lib.evaluation.tiles import cut, paste, tile_counts


@pytest.mark.parametrize(
    ("size", "count", "overlap"), [(100, 1, 8), (97, 3, 8), (339, 2, 40), (50, 4, 10), (64, 7, 32)]
)
def test_each_tile_sees_the_neighbourhood_of_its_own_pixels(size, count, overlap):
    spans = cut(size, count, overlap)
    ends = [span.edge for span in spans[1:]] + [size]
    assert spans[0].edge == 0 and len(spans) == count
    for span, end in zip(spans, ends, strict=True):
        assert end > span.edge
        assert span.start == max(0, span.edge - overlap)
        assert span.stop == min(size, end + overlap)


@pytest.mark.parametrize("fade", [0, 3])
def test_pasting_all_tiles_gives_the_image_back(fade):
    image = np.random.default_rng(0).integers(0, 256, (97, 5, 3), dtype=np.uint8)
    canvas = np.zeros_like(image)
    for span in cut(97, 4, 8):
        seen = slice(span.start, span.stop)
        paste(canvas[seen], image[seen], span.edge - span.start, fade if span.edge else 0)
    assert np.array_equal(canvas, image)


def test_without_fading_a_pixel_is_of_one_tile():
    below, above = np.zeros((10, 2), np.uint8), np.full((10, 2), 9, np.uint8)
    paste(below, above, 4, 0)
    assert below[:, 0].tolist() == [0] * 4 + [9] * 6


def test_tiles_fade_into_each_other():
    below, above = np.zeros((10, 2), np.uint8), np.full((10, 2), 80, np.uint8)
    paste(below, above, 5, 2)
    assert below[:, 0].tolist() == [0, 0, 0, 10, 30, 50, 70, 80, 80, 80]


@pytest.mark.parametrize(("height", "width"), [(339, 510), (1356, 2040), (5000, 100), (33, 33), (1, 4000)])
@pytest.mark.parametrize(("tile", "overlap"), [(192, 40), (32, 40), (64, 2)])
def test_no_tile_covers_more_than_its_share(height, width, tile, overlap):
    counts = tile_counts(height, width, tile, overlap)
    longest = [
        max(span.stop - span.start for span in cut(size, count, overlap))
        for size, count in zip((height, width), counts, strict=True)
    ]
    assert longest[0] * longest[1] <= (tile + 2 * overlap) ** 2


def test_a_small_image_is_one_tile_and_the_work_of_others_stays_small():
    assert tile_counts(250, 260, 192, 40) == (1, 1)
    rows, columns = tile_counts(339, 510, 192, 40)
    work = np.prod(
        [sum(span.stop - span.start for span in cut(size, count, 40)) for size, count in ((339, rows), (510, columns))]
    )
    assert work <= 1.5 * 339 * 510
