import numpy as np
import pytest
import torch

from srgan_lib.data.images import write_image
from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.methods import (
    CLASSICAL,
    FolderError,
    NetworkMethod,
    classical,
    enlarge,
    from_folder,
    interpolate,
)
from srgan_lib.models.files import CheckpointError
from srgan_lib.models.generators import ESPCN
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.models.tiled_inference import upscale
from srgan_lib.params.evaluation import Evaluation
from srgan_report.upscaling.contestants import share_of_srgan


def test_nearest_repeats_pixels_and_bicubic_is_matlab_s(pairs):
    lr = pairs[0].lr
    assert np.array_equal(enlarge(lr, "nearest", 3), lr.repeat(3, axis=0).repeat(3, axis=1))
    assert np.array_equal(enlarge(lr, "bicubic", 4), imresize(lr, 4))


@pytest.mark.parametrize("method", CLASSICAL)
def test_classical_methods_enlarge_any_size_and_keep_flat_colours(method):
    lr = np.full((7, 9, 3), (10, 20, 250), np.uint8)
    assert np.array_equal(enlarge(lr, method, 4), np.full((28, 36, 3), (10, 20, 250), np.uint8))


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match=r"'cubic'.*nearest, bilinear, lanczos, bicubic"):
        enlarge(np.zeros((4, 4, 3), np.uint8), "cubic", 4)


def test_methods_for_judging(pairs):
    pair = pairs[0]
    assert np.array_equal(classical("lanczos", 4)(pair), enlarge(pair.lr, "lanczos", 4))
    model = SRResNet(channels=4, blocks=1)
    assert np.array_equal(NetworkMethod(model, self_ensemble=True)(pair), upscale(pair.lr, model, self_ensemble=True))


def test_interpolated_networks_lie_between_their_ends():
    first, second = SRResNet(channels=4, blocks=1), SRResNet(channels=4, blocks=1)
    quarter = interpolate(first, second, 0.25)
    for name, value in quarter.state_dict().items():
        expected = 0.75 * first.state_dict()[name] + 0.25 * second.state_dict()[name]
        assert torch.allclose(value.double(), expected.double(), atol=1e-7), name
    shares = share_of_srgan(Evaluation.model_validate({"interpolations": [0.25, 0.5]}))
    assert shares == {"warmup": 0, "srgan_0.25": 0.25, "srgan_0.5": 0.5, "srgan": 1}
    assert share_of_srgan(Evaluation()) == {}
    with pytest.raises(CheckpointError, match="one architecture"):
        interpolate(first, ESPCN(), 0.5)


def test_another_program_s_results_come_from_its_folder(pairs, tmp_path):
    for pair in pairs:
        framed = np.pad(pair.hr, ((0, 2), (0, 3), (0, 0)))
        write_image(tmp_path / f"{pair.image}_x4_theirs.png", framed)
    method = from_folder(tmp_path, {"own": pairs}, 4)
    for pair in pairs:
        assert np.array_equal(method(pair), pair.hr)
    write_image(tmp_path / f"{pairs[0].image}_x4_theirs.png", pairs[0].lr)
    with pytest.raises(FolderError, match=r"astronaut_x4_theirs\.png has 36×32 pixels and its HR image 144×128"):
        method(pairs[0])


def test_test_sets_with_images_of_one_name_have_a_subfolder_each(pairs, tmp_path):
    other = [Pair(pair.image, pair.hr[::-1], pair.lr[::-1]) for pair in pairs]
    sets = {"Set5": pairs, "BSD100": other}
    for pair in pairs:
        write_image(tmp_path / f"{pair.image}.png", pair.hr)
    with pytest.raises(
        FolderError, match=r"astronaut\.png.* would be of BSD100 and of another.*a subfolder of its name"
    ):
        from_folder(tmp_path, sets, 4)
    for dataset, members in sets.items():
        for pair in members:
            write_image(tmp_path / "both" / dataset / f"{pair.image}.png", pair.hr)
    method = from_folder(tmp_path / "both", sets, 4)
    assert all(np.array_equal(method(pair), pair.hr) for pair in (*pairs, *other))
