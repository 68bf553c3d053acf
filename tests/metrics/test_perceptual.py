import os
from pathlib import Path

import lpips
import numpy as np
import pytest
import torch
import torchvision
from torch.nn import functional as F

from srgan_lib.data.resize import imresize
from srgan_lib.errors import MetricUnavailable
from srgan_lib.metrics.measure import measure
from srgan_lib.metrics.perceptual import load_lpips, lpips_distance
from srgan_lib.models.features import VGGFeatures


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A folder with an AlexNet of seeded weights."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    torch.save(torchvision.models.AlexNet().features.state_dict(), folder / "alexnet_features.pth")
    return folder


@pytest.fixture
def own_backbone(weights, monkeypatch) -> dict[str, torch.Tensor]:
    """The seeded AlexNet where LPIPS looks for ImageNet's."""
    monkeypatch.setenv("SRGAN_WEIGHTS", str(weights))
    return torch.load(weights / "alexnet_features.pth", weights_only=True)


@pytest.fixture
def vgg(monkeypatch, tmp_path):
    """VGG-19 up to relu2_2 with random weights, in the folder where ImageNet's are looked for."""
    for name in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    network = VGGFeatures(["relu2_2"], "random")
    torch.save(network.layers.state_dict(), tmp_path / "vgg19_features_to_relu2_2.pth")
    return network


def images(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, 40, 48, 3), dtype=np.uint8))


@pytest.mark.filterwarnings("ignore::UserWarning:torchvision")
def test_is_the_package_s_distance_with_the_backbone_of_this_disk(own_backbone):
    theirs = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    for name, parameter in theirs.net.named_parameters():
        parameter.data = own_backbone[name.partition(".")[2]]
    sr, hr = images(2)
    scaled = [torch.tensor(image).permute(2, 0, 1)[None] / 127.5 - 1 for image in (sr, hr)]
    assert lpips_distance(sr, hr) == pytest.approx(theirs(*scaled).item(), abs=1e-6)


def test_is_a_distance(own_backbone):
    sr, hr = images(2)
    assert lpips_distance(hr, hr) == 0
    assert lpips_distance(sr, hr) > 0.01
    assert lpips_distance(sr, hr) == pytest.approx(lpips_distance(hr, sr), abs=1e-6)


def test_loading_leaves_the_global_random_stream_alone(own_backbone):
    before = torch.random.get_rng_state()
    load_lpips("alex")
    assert torch.equal(before, torch.random.get_rng_state())


def test_without_a_backbone_there_is_no_substitute(tmp_path, monkeypatch):
    for variable in ("SRGAN_WEIGHTS", "TORCH_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    with pytest.raises(MetricUnavailable, match=r"squeezenet1_1.*not on this disk.*SRGAN_WEIGHTS"):
        lpips_distance(*images(2), net="squeeze")


def test_a_damaged_backbone_is_named(tmp_path, monkeypatch):
    (tmp_path / "alexnet_features.pth").write_bytes(b"no weights")
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path))
    with pytest.raises(MetricUnavailable, match=r"alexnet_features\.pth"):
        lpips_distance(*images(2))


def test_unfit_input_is_refused(own_backbone):
    sr, hr = images(2)
    with pytest.raises(MetricUnavailable, match="needs 32 pixels"):
        lpips_distance(sr[:20], hr[:20])
    with pytest.raises(ValueError, match="allowed: alex, squeeze"):
        lpips_distance(sr, hr, net="vgg")


def test_the_content_distance_is_the_content_loss_without_a_scale(vgg):
    sr, hr = images(2)
    a, b = (vgg(torch.from_numpy(image).permute(2, 0, 1)[None] / 255)["relu2_2"] for image in (sr, hr))
    assert measure(sr, hr, 4, ["content_vgg22"])["content_vgg22"] == pytest.approx(F.mse_loss(a, b).item())
    assert measure(hr, hr, 4, ["content_vgg22"])["content_vgg22"] == 0


def test_a_content_layer_that_the_weights_do_not_reach_is_not_computed(vgg):
    with pytest.raises(MetricUnavailable, match="up to relu5_4"):
        measure(*images(2), 4, ["content_vgg54"])


def test_images_too_small_for_the_content_distance_are_named(vgg):
    with pytest.raises(MetricUnavailable, match="16 pixels a side and got 24×15"):
        measure(*[image[:15, :24] for image in images(2)], 0, ["content_vgg22"])


def _has(name: str) -> bool:
    return (Path(os.environ.get("SRGAN_WEIGHTS", "/nowhere")) / name).is_file()


@pytest.mark.skipif(not _has("squeezenet1_1_features.pth"), reason="SRGAN_WEIGHTS has no SqueezeNet")
def test_squeeze_gives_torchmetrics_documented_values():
    random = torch.Generator().manual_seed(42)
    first, second = (torch.rand(2, 3, 100, 100, generator=random) * 2 - 1 for _ in range(2))
    assert load_lpips("squeeze")(first, second).flatten().tolist() == pytest.approx([0.1024, 0.0938], abs=5e-5)


@pytest.mark.slow
@pytest.mark.skipif(not _has("alexnet_features.pth"), reason="SRGAN_WEIGHTS has no AlexNet")
def test_bicubic_has_its_published_distance(benchmark):
    distances = [lpips_distance(imresize(pair.lr, 4), pair.hr) for pair in benchmark("Set5")]
    assert np.mean(distances) == pytest.approx(0.340, abs=0.001)
