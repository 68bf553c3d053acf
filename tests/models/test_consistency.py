import numpy as np
import pytest
import torch

from srgan_lib.data.resize import imresize
from srgan_lib.models.consistency import EDGE, LRConsistency
from srgan_lib.models.generators import build_generator
from srgan_lib.models.tiled_inference import receptive_radius


def images(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_makes_small_as_imresize_does(scale):
    image = images(1, 3, 12 * scale, 10 * scale)
    expected = imresize(image[0].permute(1, 2, 0).numpy(), 1 / scale)[EDGE:-EDGE, EDGE:-EDGE]
    small = LRConsistency(scale).reduced(image)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(small, expected, atol=2e-6)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_result_gives_lr_back_and_nothing_else_changes(scale):
    consistency = LRConsistency(scale)
    sr, lr = images(2, 3, 28 * scale, 40 * scale), images(2, 3, 28, 40, seed=1)
    once = consistency(sr, lr)
    inner = lr[..., EDGE:-EDGE, EDGE:-EDGE]
    torch.testing.assert_close(consistency.reduced(once), inner, atol=1e-3, rtol=0)
    torch.testing.assert_close(consistency(once, lr), once, atol=2e-3, rtol=0)
    torch.testing.assert_close(consistency(sr + 0.1, lr + 0.1), once + 0.1, atol=1e-4, rtol=0)


def test_the_change_is_the_smallest():
    """What is added lies in the row space of A: it is orthogonal to whatever vanishes when made small."""
    consistency = LRConsistency(4)
    added = consistency.enlarged(images(1, 1, 24, 24))
    noise = images(1, 1, 96, 96, seed=1) - 0.5
    invisible = noise - consistency.enlarged(torch.nn.functional.pad(consistency.reduced(noise), 4 * [EDGE]))
    assert consistency.reduced(invisible)[..., 8:-8, 8:-8].abs().max() < 1e-4
    product = (added * invisible).sum() / (added.norm() * invisible.norm())
    assert abs(product) < 0.05


def test_gradient():
    consistency = LRConsistency(2).double()
    sr, lr = (images(1, 1, side, side).double() for side in (16, 8))
    assert torch.autograd.gradcheck(consistency, (sr.requires_grad_(), lr.requires_grad_()), fast_mode=True)


def test_images_too_small_stay_as_they_are():
    sr = images(1, 3, 16, 16)
    assert torch.equal(LRConsistency(4)(sr, images(1, 3, 4, 4)), sr)


def test_a_network_is_built_consistent_and_keeps_its_weights():
    config = {"architecture": "srresnet", "channels": 4, "blocks": 1, "norm": "none", "global_skip": "bicubic"}
    plain, consistent = build_generator(config), build_generator({**config, "consistent": True})
    assert plain.state_dict().keys() == consistent.state_dict().keys()
    lr = images(1, 3, 16, 16)
    small = LRConsistency(4).reduced(consistent(lr))
    torch.testing.assert_close(small, lr[..., EDGE:-EDGE, EDGE:-EDGE], atol=1e-3, rtol=0)
    assert receptive_radius(consistent) > receptive_radius(plain)
