"""spandrel, and so the programs built on it, reads this project's networks and makes their images."""

import json

import pytest
import torch
from click.testing import CliRunner

from srgan_lib.models import shipped
from srgan_lib.models.files import load_model, save_model
from srgan_lib.models.generators import build_generator
from srgan_report.cli import main

pytestmark = pytest.mark.slow

PUBLIC = [
    {"architecture": "rrdbnet", "blocks": 1, "scale": 2},
    {"architecture": "rrdbnet", "blocks": 1, "scale": 8},
    {"architecture": "rrdbnet", "blocks": 1, "scale": 4},
    {"architecture": "compact", "blocks": 1, "scale": 3, "channels": 16},
]
#: What spandrel has no network of: another width, skip, range or scale than published.
ADAPTED = [
    {"architecture": "rrdbnet", "blocks": 1, "channels": 16, "scale": 4},
    {"architecture": "rrdbnet", "blocks": 1, "scale": 3},
    {"architecture": "rrdbnet", "blocks": 1, "scale": 4, "global_skip": "bicubic"},
    {"architecture": "compact", "blocks": 1, "channels": 16, "scale": 4, "consistent": True},
    {"architecture": "small_tanh", "blocks": 1, "channels": 8, "scale": 4},
    {"architecture": "espcn", "scale": 3},
]


@pytest.fixture(scope="module")
def spandrel():
    return pytest.importorskip("spandrel")


@pytest.fixture(scope="module")
def loaders(spandrel):
    """spandrel as it comes, and as it is once this project has registered itself."""
    from srgan_report.upscaling.spandrel_adapter import register

    as_it_comes = spandrel.ModelLoader(registry=spandrel.MAIN_REGISTRY.copy())
    register()
    register()  # a second time changes nothing
    assert len(spandrel.MAIN_REGISTRY) == len(as_it_comes.registry) + 1
    return as_it_comes, spandrel.ModelLoader()


def exported(model, tmp_path):
    target = tmp_path / "exported.safetensors"
    done = CliRunner().invoke(main, ["export", str(model), str(target), "--to", "spandrel"])
    assert done.exit_code == 0, done.output
    return target


def assert_equal(theirs, model):
    assert theirs.scale == model.scale
    lr = torch.rand(1, 3, 20, 24, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, found = model(lr).clamp(0, 1), theirs(lr).clamp(0, 1)
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("config", PUBLIC + ADAPTED, ids=json.dumps)
def test_spandrel_reads_exported_networks(loaders, tmp_path, config):
    model = build_generator(config).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    save_model(tmp_path / "network.safetensors", model, config)
    target = exported(tmp_path / "network.safetensors", tmp_path)
    assert_equal(loaders[config in ADAPTED].load_from_file(target), model)
    assert_equal(load_model(target)[0], model)


@pytest.mark.parametrize("name", list(shipped.shipped_models()))
def test_the_shipped_networks(loaders, tmp_path, name):
    target = exported(name, tmp_path)
    assert "SHA-256" in load_model(target)[1]["source"]["card"]
    adapted = name != "compact"  # which programs built on spandrel read as it is
    assert_equal(loaders[adapted].load_from_file(target), load_model(shipped.shipped_models()[name])[0])
