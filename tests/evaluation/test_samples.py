import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from srgan_lib.data.images import read_image
from srgan_lib.evaluation.samples import Sample, choose_images, thin_out, typical_images, write_crops
from srgan_report.exhibits.grids import most_different


def sample(height=40, width=60, scale=4) -> Sample:
    """Images in which each HR pixel carries its LR row and column."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    lr = np.dstack([rows, columns, np.zeros_like(rows)])
    hr = lr.repeat(scale, axis=0).repeat(scale, axis=1)
    return Sample("set", "name", lr, hr, {"bicubic": hr, "srgan": hr.copy()}, {"bicubic": {}, "srgan": {}})


@pytest.mark.parametrize(("side", "expected"), [(64, 16), (63, 15), (1000, 40)])
def test_the_middle_is_of_the_same_place_in_all_images(side, expected):
    middle = sample().part(side)
    assert middle.lr.shape[0] == expected
    assert middle.hr.shape[0] == 4 * expected
    assert np.array_equal(middle.hr[::4, ::4], middle.lr)
    assert np.array_equal(middle.results["srgan"], middle.hr)
    assert middle.lr[0, 0, 0] == (40 - expected) // 2


@pytest.mark.parametrize(("row", "column"), [(0, 0), (7, 31), (24, 44), (13, 0)])
def test_the_part_in_which_methods_differ_is_found_and_cut(row, column):
    plain = sample()
    changed = plain.hr.copy()
    changed[4 * row : 4 * row + 64, 4 * column : 4 * column + 64] ^= 64
    differing = replace(plain, results={"bicubic": plain.hr, "srgan": changed})
    found = differing.part(64, most_different(differing, 64, ["bicubic", "srgan"]))
    assert found.lr[0, 0, :2].tolist() == [row, column] and (found.results["srgan"] != found.hr)[..., 0].all()


def test_a_part_is_cut_whose_side_is_the_images():
    small = sample(10, 10)
    assert small.part(40, most_different(small, 40, ["bicubic", "srgan"])).hr.shape == (40, 40, 3)


def metrics(**columns) -> pd.DataFrame:
    rows = [("set", f"image{number}", method) for number in range(5) for method in ("bicubic", "srgan")]
    return pd.DataFrame(rows, columns=["dataset", "image", "method"]).assign(**columns)


def test_images_are_chosen_by_rank_of_their_gain_in_lpips():
    gains = [0.1, 0.5, 0.3, -0.2, 0.2]
    frame = metrics(psnr_y=0.0, lpips_alex=[value for gain in gains for value in (1, 1 - gain)])
    assert [image for _, image in choose_images(frame, 3)] == ["image1", "image4", "image3"]
    assert [image for _, image in choose_images(frame, 9)] == ["image1", "image2", "image4", "image0", "image3"]


def test_fewer_of_the_samples_are_chosen_as_the_samples_were():
    samples = [replace(sample(), dataset=dataset, image=str(rank)) for dataset in "ab" for rank in range(6)]
    for count, expected in (
        (4, "a0 a5 b0 b5"),
        (3, "a0 a5 b0"),
        (2, "a0 b0"),
        (99, " ".join(f"{d}{r}" for d in "ab" for r in range(6))),
    ):
        assert " ".join(one.dataset + one.image for one in thin_out(samples, count)) == expected
    assert thin_out([], 3) == []


def test_without_lpips_by_psnr_and_without_our_method_evenly():
    frame = metrics(psnr_y=[value for gain in (1, 5, 3, -2, 2) for value in (20, 20 + gain)], lpips_alex=np.nan)
    assert [image for _, image in choose_images(frame, 2)] == ["image1", "image3"]
    others = frame[frame.method == "bicubic"]
    assert choose_images(others, 3) == [("set", "image0"), ("set", "image2"), ("set", "image4")]


def test_several_datasets_share_the_images():
    gains = [value for gain in (1, 5, 3, -2, 2) for value in (20, 20 + gain)]
    one = metrics(psnr_y=gains, lpips_alex=np.nan)
    both = pd.concat([one.assign(dataset="large"), one.head(4).assign(dataset="small")])
    assert choose_images(both, 5) == [
        ("large", "image1"), ("large", "image4"), ("large", "image3"), ("small", "image1"), ("small", "image0"),
    ]  # fmt: skip
    assert choose_images(both, 1) == [("large", "image1")]


def test_the_typical_image_depends_on_the_baseline_only():
    hard_to_easy = [value for psnr in (24, 30, 27, 20, 29) for value in (psnr, 35)]
    one = metrics(psnr_y=hard_to_easy, lpips_alex=np.nan)
    both = pd.concat([one.assign(dataset="large"), one.head(4).assign(dataset="small")])
    assert typical_images(both) == [("large", "image2"), ("small", "image1")]
    assert typical_images(both[both.method == "srgan"]) == []


def test_crops_are_listed_in_an_index(tmp_path):
    write_crops([sample(), sample(scale=2)], tmp_path, side=32)
    index = json.loads((tmp_path / "index.json").read_text())
    assert [(entry["dataset"], entry["image"]) for entry in index] == [("set", "name")] * 2
    assert list(index[0]["methods"]) == ["lr", "bicubic", "srgan", "hr"]
    for entry, made in zip(index, (sample(), sample(scale=2)), strict=True):
        assert np.array_equal(read_image(tmp_path / entry["methods"]["lr"]), made.part(32).lr)
        assert np.array_equal(read_image(tmp_path / entry["methods"]["hr"]), made.part(32).hr)
