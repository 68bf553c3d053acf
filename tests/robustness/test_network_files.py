"""Files with weights that no network should be built from: each is refused in one sentence that names the file."""

import inspect
import json
import math
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from srgan_lib.cli import main
from srgan_lib.models import files
from srgan_lib.models.files import CheckpointError, load_model, load_tensors, save_model, save_tensors
from srgan_lib.models.generators import ARCHITECTURES, OPTIONS, build_generator
from srgan_lib.params.section import ParameterError
from srgan_lib.params.training import Warmup
from srgan_lib.training.start import started_config

CONFIG = {"architecture": "srresnet", "scale": 2, "channels": 4, "blocks": 1}


@pytest.fixture
def network():
    return build_generator(CONFIG)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "network.safetensors"


def assert_refused(path: Path, *words: str) -> None:
    with pytest.raises(CheckpointError) as error:
        load_model(path)
    assert error.value.path == path
    assert "\n" not in str(error.value) and len(str(error.value)) < 400
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_network_with_weights_that_are_no_numbers(network, path, value, tmp_path):
    with torch.no_grad():
        network.get_parameter("conv_body.0.weight")[0, 0, 0, 0] = value
    save_model(path, network, CONFIG)
    assert_refused(path, "conv_body.0.weight", "NaN or infinite")

    Image.new("RGB", (8, 8), "white").save(tmp_path / "in.png")
    done = CliRunner().invoke(
        main, ["upscale", str(tmp_path / "in.png"), str(tmp_path / "out.png"), "--checkpoint", str(path)]
    )
    assert done.exit_code == 2 and str(path) in done.output.replace("\n", ""), done.output
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ([1], "list"),
        ("srresnet", "str"),
        (None, "NoneType"),
        ({}, "unknown architecture"),
        ({"architecture": ["srresnet"]}, "unknown architecture"),
        ({"architecture": "x" * 10_000}, "unknown architecture"),
        ({**CONFIG, "blocks": 10_000_000}, "blocks"),
        ({**CONFIG, "blocks": -1}, "blocks"),
        ({**CONFIG, "blocks": "many"}, "blocks"),
        ({**CONFIG, "blocks": [1]}, "blocks"),
        ({**CONFIG, "blocks": True}, "blocks"),
        ({**CONFIG, "channels": 10**9}, "channels"),
        ({**CONFIG, "channels": 4.5}, "channels"),
        ({**CONFIG, "scale": 1 << 40}, "scale"),
        ({**CONFIG, "scale": None}, "scale"),
        ({**CONFIG, "norm": "layer"}, "norm"),
        ({**CONFIG, "value_range": {}}, "value_range"),
        ({**CONFIG, "consistent": "yes"}, "consistent"),
        ({**CONFIG, "self": 1}, "no option 'self'"),
        ({"architecture": "srcnn", "layout": "9-9-9"}, "layout"),
        ({"architecture": "own"}, "lacks"),
        ({"architecture": "own", "class": 1, "file": "a.py", "sha256": "0", "scale": 2}, "class"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_configuration_that_no_network_has_is_refused_before_one_is_built(network, path, config, word, monkeypatch):
    monkeypatch.setattr(files, "build_generator", lambda *_: pytest.fail("it is built"))
    save_tensors(path, network.state_dict(), {"config": config})
    assert_refused(path, word)
    with pytest.raises(ParameterError) as error:
        started_config(Warmup(), 2, path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_every_option_of_every_architecture_is_bounded():
    for kind in ARCHITECTURES.values():
        assert inspect.signature(kind).parameters.keys() <= OPTIONS.keys()


@pytest.mark.parametrize("metadata", ["[]", "[1]", "1", '"text"', "null", "{}", '{"sha256": 1}', "[" * 100_000, "{"])
def test_metadata_of_another_kind(path, metadata):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, path, {"srgan": metadata})
    with pytest.raises(CheckpointError) as error:
        load_tensors(path)
    assert error.value.path == path and "\n" not in str(error.value)


def test_weights_of_another_network_are_refused_in_a_sentence(network, path):
    save_model(path, network, {**CONFIG, "channels": 8})
    assert_refused(path, "conv_first.0.weight", "8×3×9×9", "4×3×9×9")
    save_model(path, network, {**CONFIG, "blocks": 2})
    assert_refused(path, "blocks.1", "not there in the file")
