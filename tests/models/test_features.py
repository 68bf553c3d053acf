import pytest
import torch
from torchvision.models import vgg19

from srgan_lib.models.backbones import BackboneError
from srgan_lib.models.base import IMAGENET_MEAN, IMAGENET_STD
from srgan_lib.models.features import VGGFeatures
from srgan_lib.models.vgg19 import layer_index


@pytest.fixture(scope="module")
def torchvision_weights(tmp_path_factory):
    """torchvision's VGG-19 with random weights and biases, and its file."""
    with torch.device("meta"):
        features = vgg19(weights=None).features[:14].eval()
    features.to_empty(device="cpu")
    for parameter in features.parameters():
        torch.nn.init.normal_(parameter, std=0.05, generator=torch.Generator().manual_seed(0))
    path = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    torch.save({f"features.{name}": value for name, value in features.state_dict().items()}, path)
    return features, path


def test_activations_are_torchvisions(torchvision_weights):
    reference, path = torchvision_weights
    layers = ["relu1_2", "conv2_2", "relu2_2", "conv3_2", "relu3_2"]
    images = torch.rand(2, 3, 32, 24)
    x = (images - torch.tensor(IMAGENET_MEAN).reshape(3, 1, 1)) / torch.tensor(IMAGENET_STD).reshape(3, 1, 1)
    activations = VGGFeatures(layers, "imagenet", path)(images)
    assert set(activations) == set(layers)
    for name in layers:
        expected = reference[: layer_index(name) + 1](x.clone())
        torch.testing.assert_close(activations[name], expected)


def test_stops_at_the_deepest_layer():
    assert len(VGGFeatures(["relu2_2", "conv1_1"], "random").layers) == layer_index("relu2_2") + 1


def test_random_weights_are_always_the_same_and_leave_the_global_stream_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    first, second = (VGGFeatures(["relu1_2"], "random") for _ in range(2))
    assert torch.equal(torch.rand(4), expected)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_is_fixed():
    features = VGGFeatures(["relu1_2"], "random")
    assert not features.training
    assert not any(parameter.requires_grad for parameter in features.parameters())


def test_weights_that_do_not_reach_the_layer_are_refused(torchvision_weights):
    with pytest.raises(BackboneError, match=r"14.weight is missing or of another shape"):
        VGGFeatures(["relu4_1"], "imagenet", torchvision_weights[1])


def test_missing_weights_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(
        BackboneError, match=r"up to relu5_4 are not on this disk; .*SRGAN_WEIGHTS.*content_weights to random"
    ):
        VGGFeatures(["relu5_4"])


def test_runs_in_bfloat16():
    features = VGGFeatures(["relu1_2"], "random").to(torch.bfloat16)
    images = torch.rand(1, 3, 16, 16, requires_grad=True)
    activation = features(images)["relu1_2"]
    assert activation.dtype == torch.bfloat16
    activation.float().sum().backward()
    assert images.grad.abs().sum() > 0


def test_average_pooling_takes_the_place_of_the_maximum():
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    maximum, average = (VGGFeatures(["relu1_2", "conv2_1"], "random", pooling=kind) for kind in ("max", "average"))
    before = average(images)["relu1_2"]
    torch.testing.assert_close(before, maximum(images)["relu1_2"])
    pooled = torch.nn.functional.avg_pool2d(before, 2)
    torch.testing.assert_close(average(images)["conv2_1"], average.layers[5](pooled))
    assert not torch.allclose(average(images)["conv2_1"], maximum(images)["conv2_1"])
