"""The test track ``realworld``, and the tables that judge models on it."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from scripts.judge_realworld import BEGIN, END, KEY, Contestant, judge, kind_table, method_table, write_page
from scripts.realesrgan import HALF_PRECISION, fill
from scripts.realworld import KINDS, realworld
from scripts.reference_tables import PAGE, RESULTS
from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.methods import classical
from srgan_lib.models.generators import build_generator


@pytest.fixture(scope="module")
def pairs():
    steps = np.random.default_rng(0).integers(0, 200, (2, 12, 15, 3)).astype(np.uint8)
    originals = [np.kron(image, np.ones((8, 8, 1), np.uint8)) for image in steps]
    return [Pair(f"image{i}", hr, imresize(hr, 1 / 4)) for i, hr in enumerate(originals)]


def test_each_kind_is_a_degradation_of_its_own_that_depends_on_the_image_alone(pairs):
    track = realworld(pairs)
    images = [members[1].given_lr for members in track.values()] + [pairs[1].given_lr]
    assert all(image.shape == (24, 30, 3) and image.dtype == np.uint8 for image in images)
    assert len({image.tobytes() for image in images}) == len(KINDS) + 1
    alone = realworld(pairs[1:])
    assert all(np.array_equal(alone[kind][0].given_lr, track[kind][1].given_lr) for kind in KINDS)
    assert all(member.hr is pair.hr for members in track.values() for member, pair in zip(members, pairs, strict=True))


def test_noise_has_the_strength_of_its_name_and_is_another_one_in_each_image():
    grey = np.full((200, 200, 3), 128, np.uint8)
    first, second = (KINDS["noise 15"](Pair(name, grey, grey)).astype(float) - 128 for name in ("a", "b"))
    assert first.std() == pytest.approx(15, rel=0.02) and abs(first.mean()) < 0.2
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.02


def as_bin(network):
    content = b""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            half = layer.weight.detach().numpy().astype(np.float16).tobytes()
            content += HALF_PRECISION.to_bytes(4, "little") + half + b"\0" * (-len(half) % 4)
            content += layer.bias.detach().numpy().tobytes()
        elif isinstance(layer, nn.PReLU):
            content += layer.weight.detach().numpy().tobytes()
    return content


@pytest.mark.parametrize("architecture", ["rrdbnet", "compact"])
def test_ncnns_weights_are_read_in_the_order_of_computation(architecture):
    config = {"architecture": architecture, "scale": 4, "blocks": 1, "channels": 5}
    torch.manual_seed(0)
    first, second = build_generator(config).eval(), build_generator(config).eval()
    fill(second, as_bin(first))
    lr = torch.rand(1, 3, 16, 16)
    with torch.inference_mode():
        assert torch.allclose(first(lr), second(lr), atol=1e-2)
    for layer in (layer for layer in first.modules() if isinstance(layer, nn.Conv2d)):
        layer.weight.data = layer.weight.data.half().float()
    with torch.inference_mode():
        assert torch.equal(first(lr), second(lr))
    with pytest.raises(ValueError, match="4 bytes are left"):
        fill(second, as_bin(first) + bytes(4))
    with pytest.raises(ValueError, match="no convolution in half precision begins at byte 0"):
        fill(second, bytes(len(as_bin(first))))


def test_only_rows_that_are_missing_or_of_other_weights_are_computed(pairs, tmp_path):
    bicubic, calls = classical("bicubic", 4), []

    def method(name, weights):
        return Contestant(lambda pair: calls.append((name, pair.image)) or bicubic(pair), weights)

    path = tmp_path / "realworld.csv"
    sets = {"JPEG 90": pairs}
    both = {"srgan": method("srgan", "1"), "bicubic": method("bicubic", "none"), "x4plus": method("x4plus", "3")}
    table = judge(sets, both, path, ["psnr_y"])
    assert list(table.method) == ["bicubic", "srgan", "x4plus"] * 2 and len(calls) == 6
    calls.clear()
    assert judge(sets, both, path, ["psnr_y"])[KEY].equals(pd.read_csv(path)[KEY])
    assert not calls
    table = judge(sets, {"srgan": method("srgan", "2"), "bicubic": both["bicubic"]}, path, ["psnr_y"])
    assert calls == [("srgan", "image0"), ("srgan", "image1")]
    assert dict(zip(table.method, table.weights, strict=True)) == {"bicubic": "none", "srgan": "2", "x4plus": "3"}


def test_the_tables_state_means_worst_kinds_and_acceptance(tmp_path):
    scores = {"bicubic": (0.5, 25.0), "photo": (0.4, 24.9)}
    rows = [
        {"dataset": kind, "image": image, "method": method, "psnr_y": psnr - worse * (method == "photo"),
         "lpips_alex": lpips + 0.2 * worse * (method == "photo" and image == "a"),
         "flat_noise": -1 + worse, "niqe": 5.0}
        for worse, kind in enumerate(("JPEG 90", "phone"))
        for image in ("a", "b")
        for method, (lpips, psnr) in scores.items()
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    assert "| phone | 0.500 · 25.00 · 5.000 | 0.500 · 23.90 · 5.000 |" in kind_table(table)
    line = "| photo | 0.450 · 24.40 · 5.000 | 0.500 (phone) | −1.10 (phone) | −0.50, +0.00 | 75 %, 50 % (phone) |"
    assert line in method_table(table)
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{BEGIN}old\n{END}after\n", encoding="utf-8")
    write_page(pd.concat([table, table[:1].assign(image="c", lpips_alex=9)]), page)  # c has no photo
    assert (
        page.read_text(encoding="utf-8") == f"Before\n{BEGIN}\n{kind_table(table)}\n{method_table(table)}\n{END}after\n"
    )


def test_the_page_has_the_tables_of_its_results(tmp_path):
    copy = tmp_path / "page.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    write_page(pd.read_csv(RESULTS / "realworld.csv", dtype={"weights": str}), copy)
    assert copy.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8"), "python -m scripts.judge_realworld"
