import hashlib
import subprocess
import sys

import pytest
import torch

from srgan_lib.downloads import DownloadError
from srgan_lib.models import backbones
from srgan_lib.models.backbones import (
    BACKBONES,
    Backbone,
    BackboneError,
    fetch_backbone,
    find_backbone,
    hub_folder,
    read_backbone,
)
from srgan_lib.models.vgg19 import layer_index


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A machine without weights: an empty SRGAN_WEIGHTS and an empty torch cache."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path / "own"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    hub_folder().mkdir(parents=True)
    return tmp_path / "own"


def test_layer_index_follows_torchvision():
    from torchvision.models import vgg19

    with torch.device("meta"):
        layers = list(vgg19(weights=None).features)
    names = {}
    block, place = 1, 0
    for index, layer in enumerate(layers):
        kind = type(layer).__name__
        if kind == "Conv2d":
            place += 1
            names[f"conv{block}_{place}"] = index
        elif kind == "ReLU":
            names[f"relu{block}_{place}"] = index
        else:
            block, place = block + 1, 0
    assert {name: layer_index(name) for name in names} == names
    assert len(names) == 32


@pytest.mark.parametrize("layer", ["relu2_3", "pool1", "relu6_1", "relu2_2 "])
def test_no_layer_of_that_name(layer):
    with pytest.raises(ValueError, match="is no layer of VGG-19"):
        layer_index(layer)


def test_found_in_order_of_preference(disk):
    assert find_backbone("alexnet") is None
    cached = hub_folder() / BACKBONES["alexnet"].file
    cached.write_bytes(b"x")
    assert find_backbone("alexnet") == cached
    own = disk / "alexnet_features.pth"
    own.write_bytes(b"x")
    assert find_backbone("alexnet") == own


def test_a_partial_vgg19_serves_up_to_its_layer(disk):
    partial = disk / "vgg19_features_to_relu3_1.pth"
    partial.write_bytes(b"x")
    assert find_backbone("vgg19", "relu2_2") == partial
    assert find_backbone("vgg19", "relu3_1") == partial
    assert find_backbone("vgg19", "conv3_2") is None
    assert find_backbone("vgg19") is None
    whole = hub_folder() / BACKBONES["vgg19"].file
    whole.write_bytes(b"x")
    assert find_backbone("vgg19", "relu5_4") == whole


def test_does_not_import_torch():
    code = "import sys; from srgan_lib.models import backbones; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.fixture
def published(disk, server, monkeypatch):
    """AlexNet's weights as this machine's own server publishes them."""
    content = bytes(range(256)) * 900
    name = f"alexnet-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setattr(backbones, "ADDRESS", server.url(""))
    monkeypatch.setitem(BACKBONES, "alexnet", Backbone("AlexNet", name, len(content) / 2**20))
    server.files[name] = content
    return name


def test_fetches_and_resumes(published, server):
    server.cuts = 1
    path = fetch_backbone("alexnet")
    assert path == hub_folder() / published == find_backbone("alexnet")
    assert path.read_bytes() == server.files[published]
    assert [wanted is None for _, wanted in server.requests] == [True, False]


def test_a_wrong_file_is_refused_and_leaves_nothing(published, server):
    server.files[published] = b"not the file"
    with pytest.raises(
        DownloadError, match=rf"another file than expected.*put {published} into a folder.*SRGAN_WEIGHTS"
    ):
        fetch_backbone("alexnet")
    assert find_backbone("alexnet") is None and not list(hub_folder().glob("alexnet*"))


def test_without_a_network(disk, monkeypatch):
    monkeypatch.setattr(backbones, "ADDRESS", "http://127.0.0.1:9/")  # the discard port: nobody listens
    with pytest.raises(DownloadError, match=r"cannot be reached.*put vgg19-dcbb9e9d.pth into a folder"):
        fetch_backbone("vgg19")
    monkeypatch.setenv("SRGAN_OFFLINE", "1")
    with pytest.raises(DownloadError, match="SRGAN_OFFLINE forbids"):
        fetch_backbone("vgg19")


@pytest.mark.parametrize("name", BACKBONES)
def test_files_and_sizes_are_those_that_torchvision_states(name):
    from torchvision.models import get_model_weights

    weights = get_model_weights(name).IMAGENET1K_V1
    assert weights.url == backbones.ADDRESS + BACKBONES[name].file
    assert weights.meta["_file_size"] == BACKBONES[name].size


def test_reads_both_kinds_of_file(tmp_path):
    weight = torch.randn(2, 2)
    torch.save({"features.0.weight": weight, "classifier.1.weight": torch.zeros(1)}, tmp_path / "whole.pth")
    torch.save({"0.weight": weight}, tmp_path / "features.pth")
    for name in ("whole", "features"):
        state = read_backbone(tmp_path / f"{name}.pth", {"0.weight": weight})
        assert list(state) == ["0.weight"] and torch.equal(state["0.weight"], weight)
    (tmp_path / "damaged.pth").write_bytes(b"half a fi")
    with pytest.raises(BackboneError, match=r"damaged\.pth cannot be read as weights"):
        read_backbone(tmp_path / "damaged.pth", {"0.weight": weight})
    for wanted in ({"3.weight": weight}, {"0.weight": torch.zeros(3)}):  # a whole file of another network
        with pytest.raises(BackboneError, match=r"features\.pth: .\.weight is missing or of another shape") as other:
            read_backbone(tmp_path / "features.pth", wanted)
        assert other.value.path == tmp_path / "features.pth"
