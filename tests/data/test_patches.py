import numpy as np
import pytest
import torch

from srgan_lib.data import patches
from srgan_lib.data.images import ImageError
from srgan_lib.data.pairs import Pair
from srgan_lib.data.patches import PatchSampler, Prefetcher
from srgan_lib.data.realistic import sharpened
from srgan_lib.data.resize import imresize
from srgan_lib.params.shared import Shared

SCALE, CROP = 4, 32


def coordinate_pair(number: int, height: int = 96, width: int = 64) -> Pair:
    """HR pixels tell their image, row and column; LR pixels those of the top left HR pixel they cover."""
    rows, columns = np.mgrid[:height, :width]
    hr = np.stack([rows, columns, np.full_like(rows, number)], axis=-1).astype(np.uint8)
    return Pair(f"image{number}", hr, hr[::SCALE, ::SCALE])


@pytest.fixture
def pairs():
    return [coordinate_pair(n) for n in range(20)]


def sampler(pairs, *, batch=8, augment=True, part=(0, 1), **shared):
    return PatchSampler(pairs, Shared(**{"crop": CROP, **shared}), batch=batch, augment=augment, part=part)


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_shapes_and_types(pairs):
    lr, hr = sampler(pairs).batch(0)
    assert lr.shape == (8, 3, 8, 8) and hr.shape == (8, 3, 32, 32)
    assert lr.dtype == hr.dtype == torch.uint8 and lr.is_contiguous() and hr.is_contiguous()


def test_a_batch_depends_on_seed_and_step_only(pairs):
    one, other = sampler(pairs), sampler(pairs)
    other.batch(7)
    assert equal(one.batch(3), other.batch(3))
    assert not equal(one.batch(3), one.batch(4))
    assert not equal(one.batch(3), sampler(pairs, seed=1).batch(3))


def test_crops_lie_on_the_lr_grid_and_lr_is_cut_in_step(pairs):
    for step in range(20):
        lr, hr = sampler(pairs, augment=False).batch(step)
        corner = hr[:, :2, 0, 0].int()
        assert (corner % SCALE == 0).all()
        assert torch.equal(hr[:, :2, -1, -1].int() - corner, torch.full((8, 2), CROP - 1, dtype=torch.int32))
        assert torch.equal(lr, hr[:, :, ::SCALE, ::SCALE])


def test_corners_reach_every_place(pairs):
    crops = torch.cat([sampler(pairs, augment=False).batch(step)[1] for step in range(150)])
    assert set(crops[:, 0, 0, 0].tolist()) == set(range(0, 96 - CROP + 1, SCALE))
    assert set(crops[:, 1, 0, 0].tolist()) == set(range(0, 64 - CROP + 1, SCALE))


def test_inner_half_draws_corners_from_a_quarter_to_three_quarters_as_far_as_crops_fit(pairs):
    crops = torch.cat([sampler(pairs, augment=False, crop_region="inner_half").batch(step)[1] for step in range(150)])
    assert set(crops[:, 0, 0, 0].tolist()) == set(range(96 // 4, 96 - CROP + 1, SCALE))
    assert set(crops[:, 1, 0, 0].tolist()) == set(range(64 // 4, 64 - CROP + 1, SCALE))
    wide = [coordinate_pair(0, 64, 160)]
    crops = torch.cat([sampler(wide, augment=False, crop_region="inner_half").batch(step)[1] for step in range(150)])
    assert set(crops[:, 1, 0, 0].tolist()) == set(range(40, 120 + 1, SCALE))


def test_a_crop_as_large_as_the_image_fits_any_region():
    whole = [coordinate_pair(0, CROP, CROP)]
    assert sampler(whole, augment=False, crop_region="inner_half").batch(0)[1][:, :2, 0, 0].sum() == 0


def test_images_are_distinct_within_a_batch_and_equally_likely(pairs):
    counts = np.zeros(20)
    for step in range(500):
        drawn = sampler(pairs).batch(step)[1][:, 2, 0, 0].numpy()
        assert len(set(drawn)) == 8
        np.add.at(counts, drawn, 1)
    assert abs(counts / 200 - 1).max() < 0.25  # 200 expected, standard deviation 11


def test_fewer_images_than_crops_repeat_evenly(pairs):
    drawn = sampler(pairs[:3]).batch(0)[1][:, 2, 0, 0].tolist()
    assert sorted(drawn.count(n) for n in range(3)) == [2, 3, 3]


@pytest.mark.parametrize("batch", [4, 6, 8, 32])
def test_an_epoch_draws_every_image_once(pairs, batch):
    epochs = sampler(pairs, batch=batch, sampling="epochs", augment=False)
    drawn = torch.cat([epochs.batch(step)[1][:, 2, 0, 0] for step in range(120 // batch + 1)]).tolist()
    assert [sorted(drawn[start : start + 20]) for start in range(0, 100, 20)] == [list(range(20))] * 5
    assert drawn[:20] != drawn[20:40] and drawn[:20] != list(range(20))


def test_epochs_depend_on_seed_and_step_only_and_are_shared_among_processes(pairs):
    whole = sampler(pairs, sampling="epochs")
    whole.batch(0)
    parts = [sampler(pairs, sampling="epochs", part=(index, 4)).batch(9) for index in range(4)]
    assert equal(whole.batch(9), [torch.cat(tensors) for tensors in zip(*parts, strict=True)])
    assert not equal(whole.batch(9), sampler(pairs, sampling="epochs", seed=1).batch(9))


@pytest.mark.parametrize("sampling", ["steps", "epochs"])
def test_fixed_patches_are_the_same_in_every_epoch(pairs, sampling):
    fixed = sampler(pairs[:4], sampling=sampling, patches_per_image=3, augment=False)
    crops = torch.cat([fixed.batch(step)[1] for step in range(30)])
    seen = {tuple(corner) for corner in crops[:, [2, 0, 1], 0, 0].tolist()}  # image, row, column
    assert len(seen) <= 12 and {image for image, *_ in seen} == {0, 1, 2, 3}
    if sampling == "epochs":
        first, second = crops[:12, :, 0, 0].tolist(), crops[12:24, :, 0, 0].tolist()
        assert sorted(first) == sorted(second) and first != second


def test_augmentation_makes_all_eight_turns_of_both(pairs):
    seen = set()
    for step in range(60):
        lr, hr = sampler(pairs).batch(step)
        for small, large in zip(lr.numpy(), hr.numpy(), strict=True):
            corners = large[:2, [0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
            seen.add(tuple((corners - corners.min(axis=1, keepdims=True)).ravel().tolist()))
            # LR keeps the HR pixel of its block that was at the top left before turning.
            blocks = large.reshape(3, 8, 4, 8, 4)
            assert np.array_equal(small, np.minimum.reduce(blocks, axis=(2, 4)))
    assert len(seen) == 8


def test_processes_share_the_global_batch(pairs):
    whole = sampler(pairs).batch(5)
    parts = [sampler(pairs, part=(index, 4)).batch(5) for index in range(4)]
    assert equal(whole, [torch.cat(tensors) for tensors in zip(*parts, strict=True)])


def test_random_degradation_per_crop(pairs):
    rng = np.random.default_rng(0)
    noisy = [Pair(f"{n}", imresize(rng.integers(0, 256, (16, 16, 3)).astype(np.uint8), 4), None) for n in range(8)]
    realistic = {"degradation": "realistic", "batch": 4}
    lr, hr = sampler(noisy, **realistic).batch(2)
    assert lr.shape == (4, 3, 8, 8)
    assert equal((lr, hr), sampler(noisy, **realistic).batch(2))
    halves = [sampler(noisy, **realistic, part=(index, 2)).batch(2) for index in range(2)]
    assert equal((lr, hr), [torch.cat(tensors) for tensors in zip(*halves, strict=True)])
    with Prefetcher(sampler(noisy, **realistic), 2, 4) as batches:
        assert equal((lr, hr), next(iter(batches)))


@pytest.mark.parametrize(("height", "width"), [(96, 64), (40, 120), (32, 36)])
@pytest.mark.parametrize("augment", [False, True])
def test_a_region_around_each_crop_is_degraded_and_mirrored_where_the_image_ends(monkeypatch, height, width, augment):
    regions = []

    def every_fourth(region, scale, kind, rng):
        regions.append(region)
        return region[::scale, ::scale]

    monkeypatch.setattr(patches, "degrade", every_fourth)
    pair = coordinate_pair(0, height, width)
    realistic = sampler([Pair("a", pair.hr, None)], degradation="realistic", augment=augment)
    for step in range(20):
        lr, hr = realistic.batch(step)
        assert torch.equal(lr, hr[:, :, ::SCALE, ::SCALE])
        assert torch.equal(hr, sampler([pair], augment=augment).batch(step)[1])
    assert {region.shape for region in regions} == {(52, 52, 3)}  # 25/16 of the crop, in whole LR pixels
    if not augment:
        places = {(int(rows[0]), int(columns[0])) for rows, columns in ((r[:, 0, 0], r[0, :, 1]) for r in regions)}
        assert all(row <= max(height - 52, 0) and column <= max(width - 52, 0) for row, column in places)
        mirrored = np.pad(np.arange(height), (0, max(0, 52 - height)), mode="reflect")
        assert all(np.array_equal(region[:, 0, 0], mirrored[region[0, 0, 0] :][:52]) for region in regions)


def test_crops_lie_anywhere_in_their_regions(monkeypatch):
    monkeypatch.setattr(patches, "degrade", lambda region, scale, kind, rng: corners.append(region[0, 0, :2]) or region)
    corners, large = [], coordinate_pair(0, 240, 240)
    for seed in range(300):
        sampler([large])._degraded(large.hr, np.array([25, 25]), 0, np.random.default_rng(seed))
    assert {tuple(corner) for corner in corners} == {
        (row, column) for row in range(80, 101, 4) for column in range(80, 101, 4)
    }


def test_lr_is_made_of_sharpened_hr_if_asked(monkeypatch, photograph):
    monkeypatch.setattr(patches, "degrade", lambda region, scale, kind, rng: regions.append(region) or region)
    regions, hr = [], photograph("astronaut")[:52, 200:252]
    for asked in (False, True):
        realistic = sampler([Pair("a", hr, None)], degradation="realistic", sharpen_targets=asked)
        realistic._degraded(hr, np.array([0, 0]), 0, np.random.default_rng(0))
    plain, sharp = (torch.from_numpy(region.transpose(2, 0, 1).copy())[None] / 255 for region in regions)
    assert not torch.equal(plain, sharp)
    torch.testing.assert_close(sharp, sharpened(plain), atol=0.51 / 255, rtol=0)


def test_degradations_without_chance_see_the_crop_alone():
    noisy = [Pair("a", np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8), None)]
    for small, large in zip(*sampler(noisy, degradation="bicubic").batch(0), strict=True):
        assert np.array_equal(small.permute(1, 2, 0), imresize(large.permute(1, 2, 0).numpy(), 1 / SCALE))


def test_a_run_s_sampler_follows_its_shared_parameters():
    whole = [Pair("a", np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8), None)]
    same = {"scale": 2, "seed": 3, "crop_region": "inner_half", "degradation": "blur_bicubic", "blur_sigma": 2.0}
    own = sampler(whole, augment=False, **same).batch(1)
    for name, other in (("crop_region", "anywhere"), ("degradation", "bicubic"), ("blur_sigma", 1.0)):
        assert not equal(own, sampler(whole, augment=False, **{**same, name: other}).batch(1)), name


def test_prefetcher_keeps_the_order(pairs):
    source = sampler(pairs)
    with Prefetcher(source, 5, 25) as batches:
        assert batches.wait_share == 0
        steps = 0
        for step, batch in enumerate(batches, 5):
            assert equal(batch, source.batch(step))
            steps += 1
    assert steps == 20 and batches.wait_seconds > 0 and 0 < batches.wait_share < 1


def test_prefetcher_is_bounded_and_stops_early(pairs):
    source, made = sampler(pairs), []

    class Counting:
        def batch(self, step):
            made.append(step)
            return source.batch(step)

    with Prefetcher(Counting(), 0, 1000) as batches:
        for step, _ in enumerate(batches):
            assert max(made) <= step + patches.AHEAD
            if step == 10:
                break
    assert len(made) < 20


def test_prefetcher_passes_errors_on(pairs):
    class Broken:
        def batch(self, step):
            raise OSError("disk gone")

    with Prefetcher(Broken(), 0, 3) as batches, pytest.raises(OSError, match="disk gone"):
        next(iter(batches))


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"crop": 30}, ValueError, "crop 30 is no multiple of scale 4"),
        ({"part": (0, 3)}, ValueError, "batch 8 cannot be shared equally among 3 processes"),
        ({"crop": 80}, ImageError, "image0: 64×96 pixels are smaller than the crop of 80×80"),
    ],
)
def test_impossible_samplers(pairs, changes, kind, message):
    with pytest.raises(kind, match=message):
        sampler(pairs, **changes)


def test_no_images():
    with pytest.raises(ValueError, match="no training images"):
        sampler([])
