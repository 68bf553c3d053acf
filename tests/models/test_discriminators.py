"""Discriminators of whole images, of patches and of pixels."""

import pytest
import torch
from torch import nn

from srgan_lib.models.discriminators import Discriminator, build_discriminator, discriminator_config
from srgan_lib.params.training import Adversarial


def test_has_the_papers_layers():
    model = Discriminator(crop=96)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [c.stride[0] for c in convolutions] == [1, 2] * 4
    assert {c.kernel_size for c in convolutions} == {(3, 3)}
    assert sum(isinstance(m, nn.BatchNorm2d) for m in model.modules()) == 7
    dense = [m for m in model.modules() if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in dense] == [(512 * 6 * 6, 1024), (1024, 1)]


@pytest.mark.parametrize("architecture", ["srgan", "small_residual"])
@pytest.mark.parametrize("crop", [32, 36, 48, 57, 64])
def test_one_logit_per_image(architecture, crop):
    model = build_discriminator({"architecture": architecture, "crop": crop, "channels": 4})
    assert model(torch.rand(3, 3, crop, crop)).shape == (3, 1)


@pytest.mark.parametrize("architecture", ["srgan", "small_residual"])
def test_dense_head_names_the_crop_it_takes(architecture):
    model = build_discriminator({"architecture": architecture, "crop": 32, "channels": 4})
    with pytest.raises(ValueError, match=r"takes 32×32 images and got 64×48; .*head='pool'"):
        model(torch.rand(1, 3, 48, 64))


@pytest.mark.parametrize("architecture", ["srgan", "small_residual"])
def test_pooling_head_takes_any_size(architecture):
    model = build_discriminator({"architecture": architecture, "crop": 32, "channels": 4, "head": "pool"})
    for size in ((32, 32), (48, 64), (35, 41)):
        assert model(torch.rand(2, 3, *size)).shape == (2, 1)


def test_small_residual_adds_its_last_convolution_to_the_one_before():
    model = build_discriminator({"architecture": "small_residual", "crop": 32, "channels": 4}).eval()
    residual, activation = model.features[-2:]
    before = model.features[:-2](torch.rand(2, 3, 32, 32))
    convolved = residual[1](residual[0](before))
    torch.testing.assert_close(activation(residual(before)), nn.functional.leaky_relu(before + convolved, 0.2))
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 1 + 4 + 4
    strided, after = convolutions[1:5], convolutions[5:]
    widths = [c.out_channels for c in strided]
    assert {c.stride for c in strided} == {(2, 2)} and widths == sorted(set(widths))
    assert {c.stride for c in after} == {(1, 1)}
    assert len({c.out_channels for c in after}) > 1 and len({c.kernel_size for c in after}) > 1


ALL = ["srgan", "small_residual", "patch", "unet", "wavelet"]


@pytest.mark.parametrize("architecture", ALL)
def test_the_features_come_with_the_same_logits(architecture):
    options = {"crop": 32} if architecture in ("srgan", "small_residual") else {}
    model = build_discriminator({"architecture": architecture, "channels": 4, **options}).eval()
    images = torch.rand(2, 3, 32, 32)
    logits, features = model(images, activations=True)
    assert torch.equal(logits, model(images))
    assert len(features) > 3 and all(one.shape[0] == 2 and one.ndim == 4 for one in features)
    assert all(one.grad_fn is not None for one in features)


@pytest.mark.parametrize("architecture", ["srgan", "small_residual"])
def test_the_recipe_s_value_range_is_converted_to_inside(architecture):
    config = {"architecture": architecture, "crop": 32, "channels": 4}
    plain, signed = (build_discriminator(config | extra).eval() for extra in ({}, {"value_range": "signed"}))
    signed.load_state_dict(plain.state_dict())
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(signed(images), plain(2 * images - 1))


def test_unknown_architecture_is_named():
    with pytest.raises(ValueError, match="unknown discriminator 'pixel'; there are srgan, small_residual, patch"):
        build_discriminator({"architecture": "pixel"})


KINDS = {"patch": 4, "unet": 1, "wavelet": 4}


@pytest.mark.parametrize(("kind", "stride"), KINDS.items())
@pytest.mark.parametrize("size", [(32, 32), (48, 64)])
def test_a_logit_for_every_place(kind, stride, size):
    model = build_discriminator({"architecture": kind, "channels": 4})
    assert model(torch.rand(2, 3, *size)).shape == (2, 1, size[0] // stride, size[1] // stride)


@pytest.mark.parametrize("kind", KINDS)
def test_spectral_normalisation_bounds_the_middle_layers(kind):
    torch.manual_seed(0)  # the power iteration is slow where two singular values are nearly equal
    model = build_discriminator({"architecture": kind, "channels": 4}).train()
    for _ in range(30):
        model(torch.rand(1, 3, 32, 32))
    normalised = [m for m in model.modules() if hasattr(m, "parametrizations")]
    assert len(normalised) >= 3
    for layer in normalised:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_and_the_image_get_a_gradient(kind):
    torch.manual_seed(0)
    model = build_discriminator({"architecture": kind, "channels": 4}).double()
    image = torch.rand(1, 3, 32, 32, dtype=torch.float64, requires_grad=True)
    model(image).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in model.parameters())
    model.eval()  # the power iteration rests
    # So short a step that it crosses no kink of a LeakyReLU.
    step = 1e-8 * torch.randn(image.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(model(image).sum(), image)
    with torch.no_grad():
        difference = (model(image + step).sum() - model(image - step).sum()).item() / 2
    assert difference == pytest.approx((gradient * step).sum().item(), rel=1e-3)


@pytest.mark.parametrize(("kind", "sides"), [("patch", {34}), ("unet", {56, 64}), ("wavelet", {35})])
def test_receptive_field(kind, sides):
    model = build_discriminator({"architecture": kind, "channels": 4}).double().eval()
    image = torch.rand(1, 3, 192, 192, dtype=torch.float64, requires_grad=True)
    logits = model(image)
    middle = logits.shape[-1] // 2
    seen = set()
    for place in range(middle, middle + 8):
        (gradient,) = torch.autograd.grad(logits[0, 0, place, place], image, retain_graph=True)
        reached = gradient.abs().sum(dim=(0, 1)).nonzero()
        seen |= set((reached.amax(dim=0) - reached.amin(dim=0) + 1).tolist())
    assert seen == sides


def test_the_unet_has_the_published_weights():
    model = build_discriminator({"architecture": "unet"})
    # Counted in the published UNetDiscriminatorSN, whose ten convolutions are conv0 to conv9.
    assert sum(isinstance(module, torch.nn.Conv2d) for module in model.modules()) == 10
    assert sum(parameter.numel() for parameter in model.parameters()) == 4_376_897


def test_the_wavelet_discriminator_sees_no_brightness():
    model = build_discriminator({"architecture": "wavelet", "channels": 4}).eval()
    image = torch.rand(1, 3, 32, 32) / 2
    torch.testing.assert_close(model(image), model(image + 0.3), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(model(image), model(image.flip(-1)), atol=1e-5)


def test_configuration_names_the_crop_only_where_it_matters():
    assert discriminator_config(Adversarial(discriminator_channels=8), 96) == {
        "architecture": "srgan",
        "channels": 8,
        "crop": 96,
        "head": "dense",
    }
    assert discriminator_config(Adversarial(discriminator="patch", discriminator_channels=8), 96) == {
        "architecture": "patch",
        "channels": 8,
    }
