import copy
import json

import pandas
import pytest
import torch

from srgan_lib.models.backbones import BackboneError
from srgan_lib.models.files import load_model, load_tensors, save_model
from srgan_lib.models.generators import generator_config
from srgan_lib.training.losses import GeneratorLoss
from srgan_lib.training.optimizer import Optimizer
from srgan_lib.training.plain import plain_supervised_step
from srgan_lib.training.srcnn import train_srcnn
from srgan_lib.training.tasks import Job, SupervisedTask
from srgan_lib.training.warmup import train_warmup
from tests.tiny import photographs


def files(folder):
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != "speed.json"
    }


@pytest.mark.parametrize("train", [train_srcnn, train_warmup])
def test_writes_its_results(train, make_params, pairs, tmp_path, caplog):
    calls = []
    curve = train(make_params(), *pairs, tmp_path, "print", on_step=lambda *call: calls.append(call))
    assert not caplog.messages
    name = "srcnn" if train is train_srcnn else "generator"
    assert set(files(tmp_path)) == {"loss_curve.csv", "validation.csv", "sample.png", f"{name}.safetensors"}
    pandas.testing.assert_frame_equal(curve, pandas.read_csv(tmp_path / "loss_curve.csv"))
    assert list(curve.step) == [2, 4, 6]
    expected = ["step", "loss", "pixel", "pixel_weighted", "grad_norm", "learning_rate"]
    assert set(curve.columns) == {*expected, *(["content", "content_weighted"] if name == "generator" else [])}
    validation = pandas.read_csv(tmp_path / "validation.csv")
    measures = ["psnr_y", "ssim_y", "grid_artefact"]
    assert list(validation.columns) == ["step", *measures, *(f"{name}_bicubic" for name in measures)]
    assert list(validation.step) == [0, 3, 6]
    assert abs(validation.psnr_y[0] - validation.psnr_y_bicubic[0]) < 0.1  # the global skip starts at bicubic
    assert [call[:2] for call in calls] == [(step, 6) for step in (1, 2, 3, 4, 5, 6)]
    assert [call[0] for call in calls if call[2]] == [2, 4, 6]
    speed = json.loads((tmp_path / "speed.json").read_text())
    assert speed["steps"] == 6 and speed["images_per_second"] > 0 and speed["peak_memory_gib"] > 0
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step_00000004.safetensors"]


def test_the_network_file_is_complete(make_params, pairs, tmp_path):
    train_warmup(make_params(), *pairs, tmp_path, "print")
    model, metadata = load_model(tmp_path / "generator.safetensors")
    assert model(torch.rand(1, 3, 5, 5)).shape == (1, 3, 20, 20)
    assert metadata["fingerprint"] == "print" and metadata["stage"] == "warmup" and metadata["steps"] == 6
    assert set(metadata["content_scales"]) == {"relu1_1"}
    names = load_tensors(tmp_path / "generator.safetensors")[0]
    assert not any(name.startswith(("_orig_mod", "module")) for name in names)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_learns_and_repeats_itself_byte_for_byte(dtype, make_params, pairs, tmp_path):
    params = make_params(
        shared={"dtype": dtype}, warmup={"steps": 30, "learning_rate": 1e-2, "ema_decay": 0.5, "global_skip": "none"}
    )
    torch.manual_seed(1)
    curve = train_warmup(params, *pairs, tmp_path / "first", "print")
    torch.manual_seed(2)
    train_warmup(params, *pairs, tmp_path / "second", "print")
    assert files(tmp_path / "first") == files(tmp_path / "second")
    assert curve.pixel.iloc[-5:].mean() < 0.7 * curve.pixel.iloc[0]
    other = params.model_copy(update={"shared": params.shared.model_copy(update={"seed": 1})})
    train_warmup(other, *pairs, tmp_path / "other", "print")
    assert files(tmp_path / "first") != files(tmp_path / "other")


@pytest.mark.parametrize(
    ("generator", "norm"),
    [
        ("srresnet", "batch"),
        ("srresnet", "none"),
        ("rrdbnet", "batch"),
        ("espcn", "batch"),
        ("small_tanh", "batch"),
        ("compact", "batch"),
    ],
)
@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_one_step_and_the_file_of_every_generator_at_every_scale(generator, norm, scale, make_params, tmp_path):
    crop, side = (48, 72) if scale == 3 else (32, 64)
    warmup = {"steps": 1, "generator": generator, "generator_norm": norm}
    params = make_params(shared={"scale": scale, "crop": crop}, warmup=warmup)
    images = photographs(2, scale, side)
    curve = train_warmup(params, images[:1], images[1:], tmp_path, "print")
    assert curve.grad_norm[0] > 0
    check_file(tmp_path / "generator.safetensors", generator, scale)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_one_step_and_the_file_of_srcnn_at_every_scale(scale, make_params, tmp_path):
    crop, side = (48, 72) if scale == 3 else (32, 64)
    params = make_params(shared={"scale": scale, "crop": crop}, srcnn={"steps": 1})
    images = photographs(2, scale, side)
    assert train_srcnn(params, images[:1], images[1:], tmp_path, "print").grad_norm[0] > 0
    check_file(tmp_path / "srcnn.safetensors", "srcnn", scale)


def check_file(path, architecture, scale):
    """The file builds a network that enlarges by ``scale``, and writing that one gives the same bytes again."""
    model, metadata = load_model(path)
    assert metadata["config"]["architecture"] == architecture
    assert model(torch.rand(1, 3, 4, 4)).shape == (1, 3, 4 * scale, 4 * scale)
    again = path.with_name("again.safetensors")
    save_model(again, model, **metadata)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {"value_range": "tanh"},
        {"value_range": "standardised", "global_skip": "none"},
        {"generator_norm": "none"},
        {"generator_input": "bicubic"},
        {"initialisation": "he_normal", "global_skip": "none"},
        {"clamp_in_training": True},
        {"pixel_loss": "charbonnier", "content_weight": 0.0},
        {"pixel_weight": 0.0, "content_loss": "mse"},
        {"schedule": "step", "gradient_clip": 0.1},
        {"content_layers": {"conv1_2": 0.5, "relu2_1": 1.0}, "content_scale": 0.08},
    ],
)
def test_every_option_trains(options, make_params, pairs, tmp_path):
    curve = train_warmup(make_params(warmup={"steps": 2, **options}), *pairs, tmp_path, "print")
    assert curve.grad_norm[0] > 0
    assert ("content" in curve) == (options.get("content_weight") != 0.0)
    assert ("pixel" in curve) == (options.get("pixel_weight") != 0.0)


def test_the_moving_average_is_what_is_kept(make_params, pairs, tmp_path):
    for name, decay in (("plain", 0.0), ("average", 0.9)):
        train_warmup(make_params(warmup={"ema_decay": decay}), *pairs, tmp_path / name, "print")
    plain, average = (load_tensors(tmp_path / name / "generator.safetensors")[0] for name in ("plain", "average"))
    last = "upsampler.5.weight"
    assert 0 < average[last].norm() < 0.8 * plain[last].norm()  # from zero, the average lags behind


def test_missing_imagenet_weights(make_params, pairs, tmp_path, monkeypatch):
    monkeypatch.setenv("SRGAN_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(BackboneError, match="SRGAN_WEIGHTS"):
        train_warmup(make_params(warmup={"content_weights": "imagenet"}), *pairs, tmp_path, "print")


def test_a_step_is_that_of_the_plain_recipe(make_params, pairs, tmp_path):
    """The weights are those of the step that notebook 3 shows, in float64."""
    job = Job("warmup", make_params(), *pairs, tmp_path, "print")
    loss = GeneratorLoss.of(job.stage, job.params.shared, job.compute, job.first_crops())
    task = SupervisedTask(job, "generator", generator_config(job.stage, 4), loss)
    loss.terms["content"].value.double()
    network = task.networks["generator"].network.double()
    task.optimizer = Optimizer(network, job.stage, 1e-4, "constant")
    plain = copy.deepcopy(network)
    adam = torch.optim.Adam(plain.parameters(), 1e-4)

    for step in range(3):
        lr, hr = (images.double() / 255 for images in job.sampler.batch(step))
        values = task.step(step, lr, hr)
        assert plain_supervised_step(plain, adam, lambda *both: loss(*both)[0], lr, hr).item() == pytest.approx(
            values["loss"].item()
        )
    for one, other in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-9, rtol=0)
