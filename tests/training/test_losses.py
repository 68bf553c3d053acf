import math

import pytest
import torch

from srgan_lib.data.realistic import sharpened
from srgan_lib.models.features import VGGFeatures
from srgan_lib.params.training import Adversarial
from srgan_lib.training.adversarial_loss import AdversarialLoss, feature_matching
from srgan_lib.training.compute import Compute
from srgan_lib.training.distances import DISTANCES, histogram_distance
from srgan_lib.training.feature_loss import FeatureLoss, gram_distance
from srgan_lib.training.losses import ImageTerms, weighted_sum


def images(seed, size=8):
    return torch.rand(2, 3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def logits(seed):
    return torch.randn(5, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("kind", "expected"), [("mse", 0.25), ("l1", 0.5), ("charbonnier", math.sqrt(0.25 + 1e-6))])
def test_distances_by_hand(kind, expected):
    assert DISTANCES[kind](torch.full((2, 3, 4, 4), 0.75), torch.full((2, 3, 4, 4), 0.25)).item() == pytest.approx(
        expected
    )


@pytest.mark.parametrize("kind", DISTANCES)
def test_gradient_of_distances(kind):
    sr = images(0).requires_grad_()
    assert torch.autograd.gradcheck(lambda sr: DISTANCES[kind](sr, images(1)), sr)


@pytest.mark.parametrize("kind", ["mse", "l1", "gram", "histogram"])
@pytest.mark.parametrize("layers", [{"relu1_2": 1.0}, {"conv1_1": 0.5, "relu2_1": 2.0}])
def test_gradient_of_feature_losses(kind, layers):
    loss = FeatureLoss(VGGFeatures(layers, "random").double(), layers, kind, 0.1)
    sr, hr = images(0).requires_grad_(), images(1)
    assert torch.autograd.gradcheck(lambda sr: loss(sr, hr), sr, fast_mode=True)
    (gradient,) = torch.autograd.grad(loss(sr, hr), sr)
    assert (gradient != 0).float().mean() > 0.9


def test_content_loss_keeps_double_precision_and_is_zero_for_equal_images():
    loss = FeatureLoss(VGGFeatures(["relu1_1"], "random").double(), {"relu1_1": 1.0}, "mse", 1.0)
    assert loss(images(0), images(0)).item() == 0
    assert loss(images(0), images(1)).dtype == torch.float64


def test_content_scale():
    """The paper's scale divides the features, so an MSE by its square; the automatic one makes their mean 1."""
    layers = {"relu1_2": 1.0}
    features = VGGFeatures(layers, "random")
    sr, hr = images(0).float(), images(1).float()
    plain, paper = (FeatureLoss(features, layers, "mse", scale)(sr, hr).item() for scale in (1.0, 1 / 12.75))
    assert paper == pytest.approx(plain / 12.75**2)
    automatic = FeatureLoss(features, layers, "mse", "auto")
    automatic.calibrate(hr)
    assert automatic.scales["relu1_2"] * features(hr)["relu1_2"].abs().mean().item() == pytest.approx(1)
    fixed = FeatureLoss(features, layers, "mse", 0.5)
    fixed.calibrate(hr)
    assert fixed.scales == {"relu1_2": 0.5}


def test_texture_is_compared_whatever_its_place():
    features = torch.randn(2, 5, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    turned, shuffled = features.flip(2).transpose(2, 3), features.clone()
    shuffled[:, 0] = shuffled[:, 0].flip(1)
    for distance in (gram_distance, histogram_distance):
        assert distance(turned, features).item() == pytest.approx(0, abs=1e-20)
    assert gram_distance(shuffled, features) > 0.01, "channels no longer occur together"
    assert histogram_distance(shuffled, features) == 0, "each channel for itself has the same values"
    assert histogram_distance(features + 0.5, features).item() == pytest.approx(0.25)
    ones = torch.ones(1, 2, 3, 3)
    assert gram_distance(3 * ones, ones).item() == pytest.approx((9 - 1) ** 2)


def test_a_colour_histogram_is_compared_wherever_its_pixels_lie():
    sr, hr = images(0), images(1)
    places = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    moved = hr.flatten(2)[:, :, places].reshape(hr.shape)
    assert histogram_distance(moved, hr) == 0 != DISTANCES["mse"](moved, hr)
    dark = torch.tensor([0.0, 0.2, 0.4, 0.6], dtype=torch.float64).expand(1, 3, 4).reshape(1, 3, 2, 2)
    light = (dark + torch.tensor([0.1, 0.2, 0.4], dtype=torch.float64).reshape(1, 3, 1, 1)).flip(2, 3)
    assert histogram_distance(dark, light).item() == pytest.approx((0.1**2 + 0.2**2 + 0.4**2) / 3)
    assert histogram_distance(hr.flip(1), hr) > 1e-4, "red is not compared with blue"
    assert torch.autograd.gradcheck(lambda sr: histogram_distance(sr, hr), sr.requires_grad_())


def test_descent_along_the_colour_histogram_recolours_an_image():
    stage = Adversarial(pixel_weight=0, content_weight=0, colour_histogram_weight=2.0)
    terms = ImageTerms.of(stage, Compute(), images(0), 4)
    assert terms.weights == {"colour_histogram": 2.0}
    sr, hr = images(0).requires_grad_(), images(1) ** 3
    start = sr.detach().clone()
    for _ in range(60):
        (gradient,) = torch.autograd.grad(terms(sr, hr)["colour_histogram"], sr)
        sr = (sr - 0.2 * sr.numel() * gradient).detach().requires_grad_()
    torch.testing.assert_close(sr.flatten(2).sort().values, hr.flatten(2).sort().values, atol=1e-6, rtol=0)
    order = start.flatten(2).argsort()
    assert (sr.flatten(2).gather(2, order).diff() >= 0).all(), "what was darker stays darker"


def test_feature_matching_is_the_mean_over_layers_and_pulls_the_fake_alone():
    real = [torch.zeros(2, 1, 2, 2, dtype=torch.float64), torch.zeros(2, 3, 1, 1, dtype=torch.float64)]
    fake = [torch.full_like(real[0], 0.5), torch.full_like(real[1], -1.5)]
    assert feature_matching(real, fake).item() == pytest.approx((0.5 + 1.5) / 2)
    for one in (*real, *fake):
        one.requires_grad_()
    assert torch.autograd.gradcheck(lambda *fake: feature_matching(real, fake), fake)
    assert torch.autograd.grad(feature_matching(real, fake), real, allow_unused=True) == (None, None)


@pytest.mark.parametrize("kind", ["bce", "lsgan", "lsgan_sigmoid", "relativistic"])
def test_gradient_of_adversarial_losses(kind):
    loss = AdversarialLoss(kind)
    real, fake = logits(0).requires_grad_(), logits(1).requires_grad_()
    assert torch.autograd.gradcheck(lambda real, fake: sum(loss.discriminator(real, fake)), (real, fake))
    assert torch.autograd.gradcheck(lambda fake: loss.generator(logits(0), fake), fake)
    (gradient,) = torch.autograd.grad(loss.generator(logits(0), fake), fake)
    assert (gradient < 0).all()  # the generator gains by looking more real


def test_adversarial_losses_by_formula():
    real, fake = logits(0), logits(1)
    for_real, for_fake = AdversarialLoss("bce").discriminator(real, fake)
    torch.testing.assert_close(for_real, -torch.log(torch.sigmoid(real)).mean())
    torch.testing.assert_close(for_fake, -torch.log(1 - torch.sigmoid(fake)).mean())
    torch.testing.assert_close(AdversarialLoss("bce").generator(None, fake), -torch.log(torch.sigmoid(fake)).mean())

    for_real, for_fake = AdversarialLoss("lsgan").discriminator(real, fake)
    torch.testing.assert_close(for_real, (real - 1).square().mean())
    torch.testing.assert_close(for_fake, fake.square().mean())
    torch.testing.assert_close(AdversarialLoss("lsgan").generator(None, fake), (fake - 1).square().mean())

    for_real, for_fake = AdversarialLoss("lsgan_sigmoid").discriminator(real, fake)
    torch.testing.assert_close(for_real, (torch.sigmoid(real) - 1).square().mean())
    torch.testing.assert_close(for_fake, torch.sigmoid(fake).square().mean())

    more_real, more_fake = torch.sigmoid(real - fake.mean()), torch.sigmoid(fake - real.mean())
    for_real, for_fake = AdversarialLoss("relativistic").discriminator(real, fake)
    torch.testing.assert_close(for_real, -torch.log(more_real).mean())
    torch.testing.assert_close(for_fake, -torch.log(1 - more_fake).mean())
    expected = -torch.log(1 - more_real).mean() - torch.log(more_fake).mean()
    torch.testing.assert_close(AdversarialLoss("relativistic").generator(real, fake), expected)


def test_undecided_discriminator_believes_one_half():
    undecided = torch.zeros(3, 1)
    for kind in ("bce", "lsgan_sigmoid", "relativistic"):
        real, fake = AdversarialLoss(kind).probabilities(undecided, undecided)
        assert real.tolist() == fake.tolist() == [[0.5]] * 3


def test_the_generators_loss_gives_no_gradient_to_the_real_images():
    real, fake = logits(0).requires_grad_(), logits(1).requires_grad_()
    AdversarialLoss("relativistic").generator(real, fake).backward()
    assert real.grad is None and fake.grad is not None


def test_only_terms_with_a_weight_are_computed():
    stage = Adversarial(pixel_weight=0, content_weights="random", content_layers={"relu1_1": 1.0})
    terms = ImageTerms.of(stage, Compute(), images(0).float(), 4)
    assert set(terms(images(0).float(), images(1).float())) == {"content"}
    assert set(terms.card["content_scales"]) == {"relu1_1"}
    assert ImageTerms.of(Adversarial(content_weight=0), Compute(), images(0), 4).card == {}


def test_clamping_in_training_stops_the_gradient_outside():
    sr = torch.full((1, 3, 4, 4), 1.5, requires_grad=True)
    for clamp, expected in ((False, 1), (True, 0)):
        terms = ImageTerms({"pixel": DISTANCES["l1"]}, {"pixel": 1.0}, clamp)
        (gradient,) = torch.autograd.grad(terms(sr, torch.zeros(1, 3, 4, 4))["pixel"], sr)
        assert gradient.sum().item() == pytest.approx(expected)


def test_targets_are_sharpened_if_asked():
    sr, hr = images(0, 26), images(1, 26)
    plain, sharp = (ImageTerms({"pixel": DISTANCES["l1"]}, {"pixel": 1.0}, sharpen=asked) for asked in (False, True))
    torch.testing.assert_close(sharp(sr, hr), plain(sr, sharpened(hr)))
    assert sharp(sr, hr) != plain(sr, hr)


def test_weighted_sum():
    loss, values = weighted_sum(
        {"pixel": torch.tensor(2.0), "content": torch.tensor(3.0)}, {"pixel": 0.5, "content": 2.0}
    )
    assert loss.item() == 7
    assert {name: value.item() for name, value in values.items()} == {
        "loss": 7,
        "pixel": 2,
        "content": 3,
        "pixel_weighted": 1,
        "content_weighted": 6,
    }
