"""Networks and losses of the user's own: the examples of docs/own_network.md, and what is refused."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from srgan_lib.errors import Interrupted
from srgan_lib.files import sha256_file
from srgan_lib.models.files import CheckpointError, load_model, load_tensors
from srgan_lib.models.own_code import OwnCodeError, own_class
from srgan_lib.models.tiled_inference import receptive_radius, upscale
from srgan_lib.training.adversarial import train_adversarial
from srgan_lib.training.losses import check_loss
from srgan_lib.training.tasks import check_generator
from srgan_lib.training.warmup import train_warmup

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NET, LOSS = EXAMPLES / "my_net.py", EXAMPLES / "my_loss.py"
OWN = {"generator": "docs/examples/my_net.py:MyGenerator"}
EXTRA = {"extra_losses": {"docs/examples/my_loss.py:EdgeLoss": 0.1}}


def weights(path):
    return load_tensors(path)[0]


def interrupt_at(step):
    def on_step(done, steps, row):
        if done == step:
            os.kill(os.getpid(), signal.SIGINT)

    return on_step


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_examples_train_and_resume(dtype, make_params, pairs, tmp_path):
    params = make_params(shared={"dtype": dtype}, warmup=OWN | EXTRA, adversarial=EXTRA)
    curve = train_warmup(params, *pairs, tmp_path / "whole", "print")
    assert {"pixel", "content", "EdgeLoss", "EdgeLoss_weighted"} <= set(curve)
    assert curve.EdgeLoss_weighted.tolist() == pytest.approx((0.1 * curve.EdgeLoss).tolist())
    with pytest.raises(Interrupted):
        train_warmup(params, *pairs, tmp_path / "parts", "print", on_step=interrupt_at(3))
    train_warmup(params, *pairs, tmp_path / "parts", "print")
    whole, parts = (tmp_path / name / "generator.safetensors" for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()

    curve = train_adversarial(params, *pairs, whole, tmp_path / "gan", "print", code=NET)
    assert {"EdgeLoss", "adversarial"} <= set(curve)
    before, after = weights(whole), weights(tmp_path / "gan" / "generator.safetensors")
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_the_files_are_kept_and_their_hash_is_recorded(make_params, pairs, tmp_path):
    train_warmup(make_params(warmup=OWN | EXTRA), *pairs, tmp_path, "print")
    for file in (NET, LOSS):
        assert (tmp_path / "code" / file.name).read_bytes() == file.read_bytes()
    config = load_tensors(tmp_path / "generator.safetensors")[1]["config"]
    assert config == {
        "architecture": "own",
        "class": "MyGenerator",
        "file": "my_net.py",
        "sha256": sha256_file(NET),
        "scale": 4,
    }


def test_a_model_is_loaded_with_the_recorded_code_only(make_params, pairs, tmp_path):
    train_warmup(make_params(warmup=OWN), *pairs, tmp_path, "print")
    path = tmp_path / "generator.safetensors"
    model, _ = load_model(path, NET)
    assert model(torch.rand(1, 3, 5, 7)).shape == (1, 3, 20, 28)
    with pytest.raises(CheckpointError, match=r"my_net\.py.*--code FILE"):
        load_model(path)
    trap = tmp_path / "my_net.py"
    trap.write_bytes(NET.read_bytes() + b"\nraise SystemExit('this code must not run')\n")
    with pytest.raises(CheckpointError, match="SHA-256"):
        load_model(path, trap)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_model(path, tmp_path / "missing.py")


def test_the_declared_radius_makes_tiles_exact_and_without_one_they_blend(make_params, pairs, tmp_path):
    train_warmup(make_params(warmup=OWN), *pairs, tmp_path, "print")
    model, _ = load_model(tmp_path / "generator.safetensors", NET)
    assert receptive_radius(model) == 6
    lr = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    whole, tiled = (upscale(lr, model, tile=tile).astype(int) for tile in (1000, 32))
    assert np.abs(whole - tiled).max() <= 1
    type(model).receptive_radius = None
    assert receptive_radius(model) is None


def test_classes_of_a_notebook_are_given_to_the_trainers(make_params, pairs, tmp_path):
    params = make_params()
    path = tmp_path / "warmup" / "generator.safetensors"
    train_warmup(params, *pairs, path.parent, "print", generator=InACell, extra_losses={LossInACell: 0.5})
    assert "LossInACell" in (path.parent / "loss_curve.csv").read_text()
    assert (path.parent / "code" / "InACell.py").read_bytes() == Path(__file__).read_bytes()
    train_adversarial(params, *pairs, path, tmp_path / "gan", "print", code=InACell)
    model, card = load_model(tmp_path / "gan" / "generator.safetensors", InACell)
    assert isinstance(model, InACell) and card["config"]["class"] == "InACell"
    before = path.read_bytes()  # another weight is another training
    train_warmup(params, *pairs, path.parent, "print", generator=InACell, extra_losses={LossInACell: 0.1})
    assert path.read_bytes() != before


def test_a_file_may_hold_dataclasses(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n\n"
        "@dataclass\nclass MyLoss:\n    power: int = 2\n"
    )
    assert own_class(file, "MyLoss").value().power == 2


def test_two_processes_are_not_forked_after_a_check(make_params, pairs, tmp_path, monkeypatch):
    """The check runs a network, which the process that forks others must not have done."""
    from srgan_lib.training import processes, tasks

    monkeypatch.setattr(processes, "launch", lambda *_: None)
    monkeypatch.setattr(tasks, "check_generator", lambda *_: pytest.fail("checked before the fork"))
    with pytest.raises(FileNotFoundError):  # nobody has trained
        train_warmup(make_params(shared={"processes": 2}, warmup=OWN), *pairs, tmp_path, "print")


class InACell(nn.Module):
    """As somebody writes it in a cell."""

    def __init__(self, scale):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, lr):
        return self.layers(lr)


class LossInACell:
    def __call__(self, sr, hr):
        return (sr - hr).square().mean()


class WrongScale(InACell):
    def forward(self, lr):
        return lr


class UnusedLayer(InACell):
    def __init__(self, scale):
        super().__init__(scale)
        self.forgotten = nn.Conv2d(3, 3, 1)


class Levels(InACell):
    def forward(self, lr):
        return 255 * (super().forward(lr) + 1)


class NotANumber(InACell):
    def forward(self, lr):
        return super().forward(lr) / 0


class Fixed(InACell):
    def __init__(self, scale):
        super().__init__(scale)
        self.requires_grad_(False)


class OneSize(InACell):
    def forward(self, lr):
        return super().forward(lr[..., :8])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (WrongScale, r"\(2, 3, 32, 32\) of \(2, 3, 8, 8\).*made \(2, 3, 8, 8\)"),
        (UnusedLayer, r"no finite gradient reaches forgotten\.weight, forgotten\.bias"),
        (Levels, r"values around \[0,1\]"),
        (NotANumber, r"values around \[0,1\]"),
        (Fixed, "no parameters to train"),
        (OneSize, r"\(1, 3, 32, 48\)"),
    ],
)
def test_what_is_no_generator_is_refused(kind, words):
    with pytest.raises(OwnCodeError, match=words):
        check_generator(kind(4), kind.__name__, 4, 8)


def test_a_check_changes_neither_the_network_nor_the_random_stream():
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(), *InACell(2).layers)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    check_generator(network, "it", 2, 8)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda sr, hr: (sr - hr).square(), "shape"),
        (lambda sr, hr: 0.5, "not 0.5"),
        (lambda sr, hr: (sr - hr).mean() / 0, "finite"),
        (lambda sr, hr: hr.mean(), "gradient for sr"),
        (lambda sr, hr: (sr.detach() - hr).square().mean(), "gradient for sr"),
        (lambda sr, hr: 0 * sr.mean(), "gradient for sr"),
    ],
)
def test_what_is_no_loss_is_refused(loss, words):
    with pytest.raises(OwnCodeError, match=words):
        check_loss(loss, "it", torch.rand(2, 3, 16, 16))


def test_a_wrong_network_stops_the_training_before_it_begins(make_params, pairs, tmp_path):
    with pytest.raises(OwnCodeError, match="WrongScale"):
        train_warmup(make_params(), *pairs, tmp_path, "print", generator=WrongScale)
    assert not (tmp_path / "loss_curve.csv").exists()
