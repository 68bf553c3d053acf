import numpy as np
import pytest
import torch
from torch import nn

from srgan_lib.data.resize import imresize
from srgan_lib.models import upsample
from srgan_lib.models.rrdbnet import RRDBNet
from srgan_lib.models.srresnet import SRResNet
from srgan_lib.models.upsample import BicubicUpsample, ConvAfterShuffle, Upsampler, even_phases, upsampling_steps


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_bicubic_upsample_is_matlabs_imresize(scale):
    image = np.random.default_rng(0).random((7, 12, 3), dtype=np.float32)
    enlarged = BicubicUpsample(scale)(torch.from_numpy(image).permute(2, 0, 1)[None])
    expected = imresize(image.astype(np.float64), scale)
    np.testing.assert_allclose(enlarged[0].permute(1, 2, 0).numpy(), expected, atol=1e-6, rtol=0)


def test_bicubic_upsample_stays_float32_under_autocast():
    images = torch.rand(1, 3, 6, 6)
    upsample = BicubicUpsample(4)
    with torch.autocast("cpu", torch.bfloat16):
        enlarged = upsample(images)
    assert enlarged.dtype == torch.float32
    assert torch.equal(enlarged, upsample(images))


def test_bicubic_upsample_saves_nothing():
    assert BicubicUpsample(4).state_dict() == {}


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("kernel", [3, 5, 9])
def test_conv_after_shuffle_is_a_shuffle_and_a_convolution(factor, kernel):
    layer = ConvAfterShuffle(4, 3, kernel, factor).double()
    images = torch.randn(2, 4 * factor**2, 7, 6, dtype=torch.float64, requires_grad=True)
    plain = nn.functional.conv2d(
        nn.functional.pixel_shuffle(images, factor), layer.weight, layer.bias, padding=kernel // 2
    )
    torch.testing.assert_close(layer(images), plain)
    weights = torch.randn_like(plain)
    num_features = (images, layer.weight, layer.bias)
    ours = torch.autograd.grad(layer(images), num_features, weights)
    reference = torch.autograd.grad(plain, num_features, weights)
    for one, other in zip(ours, reference, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize(("size", "factor"), [(3, 2), (9, 2), (9, 3), (4, 4)])
def test_even_phases_have_one_sum_each_and_keep_the_whole(size, factor):
    kernel = torch.randn(5, 4, size, size, dtype=torch.float64)
    even = even_phases(kernel, factor)
    sums = torch.stack([even[..., i::factor, j::factor].sum((2, 3)) for i in range(factor) for j in range(factor)])
    torch.testing.assert_close(sums, sums[:1].expand_as(sums))
    torch.testing.assert_close(even.sum((2, 3)), kernel.sum((2, 3)))
    torch.testing.assert_close(even_phases(even, factor), even)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_smooth_places_get_no_pattern_with_even_phases(scale):
    torch.manual_seed(0)
    for even in (False, True):
        model = SRResNet(scale, channels=8, blocks=1, even_phases=even).eval()
        with torch.inference_mode():
            inner = model(torch.full((1, 3, 40, 40), 0.7))[..., 18 * scale : 22 * scale, 18 * scale : 22 * scale]
        deviation = inner.std((2, 3)).max()
        assert deviation < 1e-6 if even else deviation > 1e-3


@pytest.mark.parametrize(("factor", "stages"), [(1, 0), (2, 1), (3, 1), (4, 2), (8, 3)])
def test_reconstruction_enlarges_in_stages(factor, stages):
    layers = Upsampler(6, factor, 9, nn.ReLU)
    assert sum(isinstance(layer, nn.Conv2d) for layer in layers) == stages + 1
    assert layers(torch.rand(1, 6, 5, 4)).shape == (1, 3, 5 * factor, 4 * factor)


def test_other_scales_are_refused():
    with pytest.raises(ValueError, match="scale 5 is not supported; allowed: 2, 3, 4, 8"):
        upsampling_steps(5)


@pytest.mark.parametrize("kernel", [3, 9])
@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_strips_give_the_whole(monkeypatch, factor, kernel):
    layers = Upsampler(16, factor, kernel, lambda: nn.LeakyReLU(0.2)).double()
    features = torch.randn(2, 16, 23, 9, dtype=torch.float64)
    seen = []
    layers[0].register_forward_hook(lambda _, images, __: seen.append(images[0].shape[2]))
    whole = layers(features)
    monkeypatch.setattr(upsample, "STRIP", 40)
    assert torch.equal(layers(features), whole)  # training does without
    with torch.inference_mode():
        torch.testing.assert_close(layers(features), whole, rtol=0, atol=1e-12)
    assert seen[:2] == [23, 23]
    assert len(seen) > 4
    assert max(seen[2:]) <= 4 + 2 * layers.reach


@pytest.mark.parametrize("model", [SRResNet(channels=8, blocks=1), RRDBNet(channels=8, blocks=1), RRDBNet(2, 8, 1)])
def test_networks_enlarge_in_strips(monkeypatch, model):
    images = torch.rand(1, 3, 20, 14)
    model.eval()
    with torch.inference_mode():
        whole = model(images)
        monkeypatch.setattr(upsample, "STRIP", 50)
        counted = []
        [*model.modules()][-1].register_forward_hook(lambda *_: counted.append(1))
        torch.testing.assert_close(model(images), whole, rtol=0, atol=1e-5)
    assert len(counted) > 4
