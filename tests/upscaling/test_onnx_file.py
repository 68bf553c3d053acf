"""Networks written as ONNX give PyTorch's images in ONNX Runtime, at any size."""

import json
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from srgan_lib.models import shipped
from srgan_lib.models.files import load_model
from srgan_lib.models.generators import build_generator
from srgan_report.cli import main, options
from srgan_report.upscaling.onnx_file import OPSET, SMALLEST, to_onnx

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")


def differences(content, model):
    """Largest differences from PyTorch, for images of noise of several sizes."""
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    for shape in ((1, 3, SMALLEST, 9), (1, 3, 33, 20), (2, 3, 16, 41)):
        lr = torch.rand(shape, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            expected = model(lr).numpy()
        (found,) = session.run(["sr"], {"lr": lr.numpy()})
        assert found.shape == expected.shape and expected.std() > 0.01
        yield np.abs(found - expected).max()


def openvino_differences(path, model):
    """Those of OpenVINO in float32, where it is installed."""
    if find_spec("openvino") is None:
        return
    import openvino

    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    lr = torch.rand(1, 3, 33, 20, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        yield np.abs(compiled(lr.numpy())["sr"] - model(lr).numpy()).max()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(shipped.shipped_models()))
def test_the_shipped_networks(tmp_path, name):
    target = tmp_path / "out.onnx"
    done = CliRunner().invoke(main, ["export", name, str(target)])
    assert done.exit_code == 0, done.output
    model, card = load_model(shipped.shipped_models()[name])
    assert max(differences(target.read_bytes(), model)) <= 1e-4
    assert max(openvino_differences(target, model), default=0) <= 1e-4
    written = onnx.load(target)
    assert written.opset_import[0].version == OPSET
    metadata = {entry.key: entry.value for entry in written.metadata_props}
    assert json.loads(metadata["config"]) == card["config"] and metadata["scale"] == "4"
    assert "SHA-256" in metadata["card"]


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["rrdbnet", "espcn", "small_tanh", "compact", "srresnet"])
def test_the_other_architectures(architecture):
    options = {} if architecture == "espcn" else {"channels": 8, "blocks": 2}
    even = {"even_phases": True} if architecture == "srresnet" else {}
    torch.manual_seed(0)
    model = build_generator({"architecture": architecture, **options, **even}).eval()
    for parameter in model.parameters():
        if not parameter.any():  # a last layer that starts at zero would hide all the others
            torch.nn.init.normal_(parameter, std=0.01)
    assert max(differences(to_onnx(model, {}), model)) <= 1e-4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("srgan", "out.pt"), ".onnx"),
        (("srgan", "out.onnx", "--to", "spandrel"), ".safetensors"),
        (("nothing", "out.onnx"), "srresnet"),
        (("srgan", "there.onnx"), "--force"),
    ],
)
def test_wrong_input_is_refused(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.onnx").touch()
    refused = CliRunner().invoke(main, ["export", *words])
    assert refused.exit_code == 2 and said in refused.output
    assert [path.name for path in tmp_path.iterdir()] == ["there.onnx"]


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(options.EXTRAS, "onnx", ("no_such_module",))
    refused = CliRunner().invoke(main, ["export", "srgan", str(tmp_path / "out.onnx")])
    assert refused.exit_code == 2 and "srgan-report[onnx]" in refused.output
