import numpy as np
import pytest
import torch
from torch.nn import functional as F

from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.measure import measure
from srgan_lib.models.features import VGGFeatures


@pytest.fixture
def vgg(monkeypatch, tmp_path):
    """VGG-19 up to relu2_2 with random weights, in the folder where ImageNet's are looked for."""
    for name in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    network = VGGFeatures(["relu2_2"], "random")
    torch.save(network.layers.state_dict(), tmp_path / "vgg19_features_to_relu2_2.pth")
    return network


def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (24, 40, 3)).astype(np.uint8) for _ in range(2)]


def test_it_is_the_content_loss_without_a_scale(vgg):
    sr, hr = images()
    a, b = (vgg(torch.from_numpy(image).permute(2, 0, 1)[None] / 255)["relu2_2"] for image in (sr, hr))
    assert measure(sr, hr, 4, ["content_vgg22"])["content_vgg22"] == pytest.approx(F.mse_loss(a, b).item())
    assert measure(hr, hr, 4, ["content_vgg22"])["content_vgg22"] == 0


def test_a_layer_that_the_weights_do_not_reach_is_not_computed(vgg):
    with pytest.raises(MetricUnavailable, match="up to relu5_4"):
        measure(*images(), 4, ["content_vgg54"])


def test_small_images_are_named(vgg):
    with pytest.raises(MetricUnavailable, match="16 pixels a side and got 24×15"):
        measure(*[image[:15, :24] for image in images()], 0, ["content_vgg22"])
