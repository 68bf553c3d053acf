import functools
import hashlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from srgan_lib.models import backbones
from srgan_lib.models.backbones import (
    BackboneError,
    fetch_backbone,
    find_backbone,
    hub_folder,
    layer_index,
    read_backbone,
)


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A machine without weights: an empty SRGAN_WEIGHTS and an empty torch cache."""
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path / "own"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv("SRGAN_OFFLINE", raising=False)
    hub_folder().mkdir(parents=True)
    return tmp_path / "own"


@pytest.fixture
def server(disk, monkeypatch):
    """A local stand-in for torchvision's server; its ``content`` is what it sends, None a 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = httpd.content
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(httpd.announce or len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.content, httpd.announce = None, 0
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    monkeypatch.setattr(backbones, "ADDRESS", f"http://127.0.0.1:{httpd.server_port}/")
    yield httpd
    httpd.shutdown()


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
    cached = hub_folder() / backbones.FILES["alexnet"]
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
    whole = hub_folder() / backbones.FILES["vgg19"]
    whole.write_bytes(b"x")
    assert find_backbone("vgg19", "relu5_4") == whole


def test_does_not_import_torch():
    code = "import sys; from srgan_lib.models import backbones; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_unknown_backbone_is_named():
    with pytest.raises(ValueError, match="no backbone is called 'vgg16'; there are vgg19, alexnet, squeezenet1_1"):
        find_backbone("vgg16")


def test_fetches_and_checks(server, monkeypatch, capsys):
    content = bytes(range(256)) * 9000
    name = f"alexnet-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setitem(backbones.FILES, "alexnet", name)
    server.content = content
    path = fetch_backbone("alexnet", timeout=5)
    assert path == hub_folder() / name == find_backbone("alexnet")
    assert path.read_bytes() == content
    assert f"{name}: 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "announce", "reason"),
    [
        (None, 0, "Not Found"),
        (b"not the file", 0, "is not the file expected"),
        (b"cut off", 1000, "is not the file expected|bytes read"),
    ],
)
def test_a_bad_download_leaves_nothing(server, content, announce, reason):
    server.content, server.announce = content, announce
    with pytest.raises(BackboneError, match=f"({reason})") as error:
        fetch_backbone("vgg19", timeout=5)
    assert "SRGAN_WEIGHTS" in str(error.value)
    assert list(hub_folder().iterdir()) == []


@pytest.mark.parametrize("value", ["1", "true"])
def test_without_a_network(value, disk, monkeypatch):
    monkeypatch.setattr(backbones, "ADDRESS", "http://127.0.0.1:9/")  # the discard port: nobody listens
    with pytest.raises(BackboneError, match=r"could not be read: .*; put vgg19-dcbb9e9d.pth into a folder"):
        fetch_backbone("vgg19", timeout=2)
    monkeypatch.setenv("SRGAN_OFFLINE", value)
    monkeypatch.setattr(backbones.urllib.request, "urlopen", functools.partial(pytest.fail, "tried the network"))
    with pytest.raises(BackboneError, match="SRGAN_OFFLINE forbids"):
        fetch_backbone("vgg19")


def test_reads_both_kinds_of_file(tmp_path):
    weight = torch.randn(2, 2)
    torch.save({"features.0.weight": weight, "classifier.1.weight": torch.zeros(1)}, tmp_path / "whole.pth")
    torch.save({"0.weight": weight}, tmp_path / "features.pth")
    for name in ("whole", "features"):
        state = read_backbone(tmp_path / f"{name}.pth")
        assert list(state) == ["0.weight"] and torch.equal(state["0.weight"], weight)
    (tmp_path / "damaged.pth").write_bytes(b"half a fi")
    with pytest.raises(BackboneError, match=r"damaged\.pth cannot be read as weights"):
        read_backbone(tmp_path / "damaged.pth")
