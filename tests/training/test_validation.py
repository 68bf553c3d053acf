import numpy as np
import pytest
import torch

from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_lib.metrics.measure import measure
from srgan_lib.models.upsample import BicubicUpsample
from srgan_lib.params.shared import Shared
from srgan_lib.training.compute import Compute
from srgan_lib.training.validation import SIDE, Validation, center_crop

SHARED = Shared(device="cpu", dtype="float32", threads=1)


def pair(height, width, name="image", scale=4):
    hr = np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Pair(name, hr, imresize(hr, 1 / scale))


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("size", [(48, 72), (312, 48), (336, 408), (360, 264)])
def test_crops_are_the_aligned_middle(size, scale):
    one = pair(*size, scale=scale)
    validation = Validation([one], SHARED.model_copy(update={"scale": scale}), Compute())
    (hr,), (lr,) = validation.hr, validation.lr
    assert max(hr.shape[:2]) <= SIDE
    assert hr.shape[0] == lr.shape[0] * scale and hr.shape[1] == lr.shape[1] * scale
    top, left = ((full - part) // 2 // scale * scale for full, part in zip(one.hr.shape[:2], hr.shape[:2], strict=True))
    assert np.array_equal(hr, one.hr[top : top + hr.shape[0], left : left + hr.shape[1]])
    small_top, small_left = top // scale, left // scale
    assert np.array_equal(lr, one.lr[small_top : small_top + lr.shape[0], small_left : small_left + lr.shape[1]])


def test_scores_are_the_metrics_of_the_rounded_output():
    validation = Validation([pair(64, 64)], SHARED, Compute())
    model = BicubicUpsample(4)
    image = validation.enlarge(model, validation.lr[0])
    lr = torch.from_numpy(validation.lr[0]).permute(2, 0, 1)[None] / 255
    expected = (model(lr)[0].permute(1, 2, 0).numpy().clip(0, 1) * 255).round()
    assert np.abs(image - expected).max() <= 1 and (image == expected).mean() > 0.999
    scores = validation(model)
    assert scores["psnr_y"] == measure(image, validation.hr[0], 4, ["psnr_y"])["psnr_y"]
    assert scores["psnr_y_bicubic"] == measure(imresize(validation.lr[0], 4), validation.hr[0], 4, ["psnr_y"])["psnr_y"]
    assert scores["grid_artefact"] == measure(image, validation.hr[0], 4, ["grid_artefact"])["grid_artefact"]
    measures = {"psnr_y", "ssim_y", "grid_artefact"}
    assert set(scores) == measures | {f"{name}_bicubic" for name in measures}


def test_crops_too_small_for_a_spectrum_have_no_grid_artefact():
    validation = Validation([pair(64, 64), pair(60, 64)], SHARED, Compute())
    assert validation.measures == ["psnr_y", "ssim_y"]


def test_leaves_the_model_as_it_was_and_judges_in_eval_mode():
    modes = []

    class Probe(torch.nn.Module):
        def forward(self, lr):
            modes.append(self.training)
            return torch.zeros(1, 3, 256, 256)

    probe = Probe().train()
    Validation([pair(256, 256)], SHARED, Compute())(probe)
    assert modes == [False] and probe.training


def test_many_images_are_thinned_out_evenly():
    pairs = [pair(32 + 4 * index, 32, str(index)) for index in range(40)]
    heights = [crop.shape[0] for crop in Validation(pairs, SHARED, Compute()).hr]
    assert len(heights) == 16 and heights[0] == 32 and heights[-1] == 32 + 4 * 39
    assert heights == sorted(set(heights))


def test_centre_of_a_small_image_is_the_image():
    image = np.arange(4 * 6 * 3).reshape(4, 6, 3)
    assert np.array_equal(center_crop(image, 8, 1), image)
