"""The contestants of a race do the same work, or its ratio says nothing."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks import data, gpu, judging, plain, profile
from benchmarks.race import Race, run
from srgan_lib.data.images import write_image
from srgan_lib.models.discriminators import ARCHITECTURES, Discriminator
from srgan_lib.models.srresnet import SRResNet


@pytest.fixture
def photographs(tmp_path):
    rng = np.random.default_rng(0)
    files = [tmp_path / f"{index}.png" for index in range(2)]
    for file in files:
        write_image(file, rng.integers(0, 256, (50, 63, 3), dtype=np.uint8))
    return files


def with_weights_of(ours: nn.Module, theirs: nn.Module) -> nn.Module:
    """Ours with the weights of theirs, which stand in the same order."""
    values = [value for value in theirs.state_dict().values()]
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    return ours


def test_the_plain_networks_are_the_library_s():
    torch.manual_seed(0)
    lr, hr = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 32, 32)
    theirs = plain.PlainSRResNet(channels=8, blocks=2)
    torch.testing.assert_close(with_weights_of(SRResNet(channels=8, blocks=2), theirs)(lr), theirs(lr))
    theirs = plain.PlainDiscriminator(crop=32, channels=4)
    torch.testing.assert_close(with_weights_of(Discriminator(crop=32, channels=4), theirs)(hr), theirs(hr))


def test_the_plain_metrics_and_resize_give_the_same_values(photographs):
    for ours, theirs in zip(judging.metrics(photographs)(), judging.plain_metrics(photographs)(), strict=True):
        assert theirs == pytest.approx(ours, abs=1e-6)
    assert np.array_equal(data.resize(photographs[0])(), data.plain_resize(photographs[0])())


def test_both_kinds_of_crops_have_the_same_shapes(photographs):
    ours, theirs = (make(photographs, batch=3, crop=32)() for make in (data.crops, data.plain_crops))
    assert len(ours) == data.BATCHES
    assert [[part.shape for part in batch] for batch in ours] == [[part.shape for part in batch] for batch in theirs]


@pytest.mark.slow
def test_a_race_counts_the_rounds_of_each_and_tells_of_failures(photographs):
    both = {"ours": partial(data.resize, photographs[0]), "theirs": partial(data.plain_resize, photographs[0])}
    result = run(Race("resize", "resizing", both, "images", 1, ""), rounds=3)
    times = {name: facts["samples"] for name, facts in result["contestants"].items()}
    assert {name: len(samples) for name, samples in times.items()} == {"ours": 3, "theirs": 3}
    assert result["ratio"] == pytest.approx(sorted(times["theirs"])[1] / sorted(times["ours"])[1])
    both["theirs"] = partial(data.resize, "nowhere.png")
    with pytest.raises(RuntimeError, match=r"theirs: ImageError: nowhere\.png: no such file"):
        run(Race("resize", "resizing", both, "images", 1, ""), rounds=1)


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        ("aten::mkldnn_convolution", "convolution"),
        ("aten::convolution_backward", "convolution"),
        ("aten::native_batch_norm", "batch normalisation"),
        ("aten::leaky_relu_backward", "activation"),
        ("aten::_fused_adam_", "Adam"),
        ("aten::addmm", "dense layer"),
        ("aten::pixel_shuffle", "copies and layout"),
        ("aten::mean", profile.OTHER),
    ],
)
def test_operators_are_counted_by_kind(operator, kind):
    assert profile.kind_of(operator) == kind


def test_the_profile_divides_a_step_by_kind():
    weights = torch.ones(1, 1, 3, 3)
    seconds = profile.seconds_by_kind(lambda: torch.nn.functional.conv2d(torch.ones(1, 1, 64, 64), weights))
    assert set(seconds.index) == {*profile.KINDS, profile.OTHER}
    assert seconds["convolution"] > 0 and seconds["Adam"] == 0
    drawn = profile.draw(pd.DataFrame({"one step": seconds}).T, "batch 1")
    assert drawn.startswith(b"<?xml") and b"<svg" in drawn


def test_the_upscalers_agree():
    size = {"threads": 1, "height": 24, "width": 30}
    ours = judging.enlarge(**size, machine={"device": "cpu", "dtype": "float32"})()
    eager = judging.enlarge_eagerly(**size, device="cpu")()
    assert ours.shape == eager.shape == (96, 120, 3)
    assert abs(ours.astype(int) - eager).max() <= 1


@pytest.mark.parametrize(
    ("found", "expected", "far"),
    [
        ([0.1, 0.2], [0.1, 0.2], (0, 0)),
        ([0.101, 0.3], [0.1, 0.2], (0.01, 0.5)),
        ([0.1, float("nan")], [0.1, 0.2], (0, float("inf"))),
    ],
)
def test_losses_that_are_no_numbers_are_infinitely_far(found, expected, far):
    assert gpu.deviation(found, expected) == pytest.approx(far)


def test_every_network_is_tried_on_a_gpu():
    assert {"srresnet", "plain"} < set(gpu.choices(gpu.Warmup, "generator"))
    assert set(gpu.choices(gpu.Adversarial, "discriminator")) == set(ARCHITECTURES)


@pytest.mark.slow
def test_the_trial_for_gpus_runs_on_the_cpu_and_tells_what_is_far_off(tmp_path, monkeypatch, capsys):
    trained = []
    monkeypatch.setattr(gpu, "project_root", lambda: tmp_path)
    monkeypatch.setattr(gpu, "train", lambda seconds, words: trained.append(seconds) or "trained")
    words = ["--tiny", "--seconds", "100000"]
    assert gpu.main(words) == 0
    text = (tmp_path / "results/bench/gpu.md").read_text()
    assert text in capsys.readouterr().out and text.endswith("trained\n") and trained[0] <= 100_000
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    networks = [*gpu.choices(gpu.Warmup, "generator"), *gpu.choices(gpu.Adversarial, "discriminator")]
    assert [row[0].partition(" ")[0] for row in rows[1:]] == networks
    assert rows[0][1:] == ["float32", "float32, not channels-last", "bfloat16"]
    for row in rows[1:]:
        assert row[1] == "0.0e+00, 0.0e+00", "the CPU against itself"
    with monkeypatch.context() as broken:
        broken.setattr(gpu, "choices", lambda section, field: ["espcn"] if field == "generator" else [])
        broken.setattr(gpu, "deviation", lambda found, expected: (1.0, 1.0))
        assert gpu.main(words) == 1
        broken.setitem(gpu.VARIANTS, "float32", {"dtype": "float16"})
        gpu.main(words)
        assert "**ValidationError" in capsys.readouterr().out, "the others are tried all the same"
