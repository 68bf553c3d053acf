"""The panels with their sliders moved; a browser is not needed for that."""

import base64
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from srgan_lib.data.pairs import Pair
from srgan_lib.data.resize import imresize
from srgan_lib.evaluation.grids import WeightInterpolation, try_alphas
from srgan_lib.evaluation.methods import classical
from srgan_lib.evaluation.samples import Sample
from srgan_lib.interactive.panels import degrading, enlarge_own, look_closer, slide_between, uploaded
from srgan_lib.models.generators import build_generator
from srgan_lib.params.shared import Shared

CONFIG = {"architecture": "srcnn", "layout": "9-1-5", "global_skip": "bicubic", "scale": 4}


def controls(panel: ipywidgets.Box) -> dict[str, ipywidgets.Widget]:
    children = [c for child in panel.children for c in (child.children if hasattr(child, "children") else (child,))]
    return {child.description: child for child in children if not isinstance(child, ipywidgets.HTML)}


def pictures(panel: ipywidgets.Box) -> dict[str, np.ndarray]:
    """The pictures that a panel shows, by label."""
    found = re.findall(r'alt="([^"]*)" src="data:image/png;base64,([^"]*)"', panel.children[-1].value)
    return {label: np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for label, data in found}


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    rng = np.random.default_rng(0)
    made = []
    for name in ("first", "second"):
        hr = rng.integers(0, 256, (192, 256, 3), dtype=np.uint8)
        lr = imresize(hr, 1 / 4)
        results = {"bicubic": imresize(lr, 4), "srcnn": 255 - hr, "srgan": hr // 2}
        scores = {method: {"psnr_y": 20.0 + slot} for slot, method in enumerate(results)}
        made.append(Sample("heldout", name, lr, hr, results, scores))
    return made


def test_looking_closer(samples: list[Sample]) -> None:
    panel = look_closer(samples)
    control = controls(panel)
    assert set(pictures(panel)) == {"LR", "bicubic", "SRGAN", "HR"} and "20.00 dB" in panel.children[-1].value
    control["image"].value = "heldout: second"
    control["methods"].value = ("SRCNN",)
    control["pixels shown"].value = 64
    control["across"].value, control["down"].value = 1.0, 0.0
    shown = pictures(panel)
    np.testing.assert_array_equal(shown["HR"], samples[1].hr[:64, -64:])
    np.testing.assert_array_equal(shown["SRCNN"], samples[1].results["srcnn"][:64, -64:])
    np.testing.assert_array_equal(shown["LR"], samples[1].lr[:16, -16:])


def test_degrading_shows_lr_at_once(samples: list[Sample]) -> None:
    panel = degrading([Pair(sample.image, sample.hr, None) for sample in samples], Shared())
    control = controls(panel)
    before = pictures(panel)
    assert before["LR"].shape == (48, 48, 3) and control["blur σ"].disabled
    control["scale"].value = 2
    assert pictures(panel)["LR"].shape == (96, 96, 3)
    control["degradation"].value = "blur_bicubic"
    sharper = pictures(panel)["LR"]
    control["blur σ"].value = 4.0
    assert pictures(panel)["LR"].std() < 0.5 * sharper.std()
    control["degradation"].value = "realistic"
    first = pictures(panel)["LR"]
    control["random draw"].value = 1
    assert not np.array_equal(pictures(panel)["LR"], first)


def test_sliding_between_two_generators(samples: list[Sample]) -> None:
    first, second = build_generator(CONFIG), build_generator(CONFIG)
    for parameter in second.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    interpolated = WeightInterpolation(first, second)
    panel = slide_between(interpolated, samples)
    start = pictures(panel)["0% adversarial"]
    assert "dB" in panel.children[-1].value
    controls(panel)["adversarial"].value = 1.0
    end = pictures(panel)["100% adversarial"]
    np.testing.assert_array_equal(start, interpolated(samples[0], 0.0)[0])
    assert not np.array_equal(start, end)

    figure, table = try_alphas(interpolated, samples[0], (0.0, 0.5, 1.0))
    assert len(figure.axes) == 4 and list(table.share) == [0.0, 0.5, 1.0]
    assert table.psnr_y[2] == pytest.approx(interpolated(samples[0], 1.0)[1]["psnr_y"])
    assert f"0%: {table.psnr_y[0]:.2f} dB" in figure.get_label()


def test_ones_own_image_by_path_and_by_upload(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 256, (300, 220, 3), dtype=np.uint8)
    file = tmp_path / "mine.png"
    Image.fromarray(image).save(file)
    panel = enlarge_own({"bicubic": classical("bicubic", 4)}, tmp_path / "own")
    control = controls(panel)
    control["file"].value = str(file)
    shown = pictures(panel)
    np.testing.assert_array_equal(shown["as it is"], image[54:246, 14:206])
    np.testing.assert_array_equal(shown["bicubic"], imresize(image[54:246, 14:206], 4))
    assert (tmp_path / "own" / "mine_bicubic.png").exists()
    control["file"].value = str(tmp_path / "nothing.png")
    assert "nothing.png: no such file" in panel.children[-1].value
    control["or upload one"].value = (upload("sent.png", file.read_bytes()),)
    assert (tmp_path / "own" / "sent_bicubic.png").exists()
    control["or upload one"].value = (upload("sent.txt", b"no image"),)
    assert "sent.txt: cannot be read" in panel.children[-1].value


def upload(name: str, content: bytes) -> dict[str, object]:
    """A file as the browser sends it."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return {"name": name, "content": content, "type": "", "size": len(content), "last_modified": when}


def test_uploads_of_both_generations_of_ipywidgets() -> None:
    assert uploaded({"a.png": {"metadata": {}, "content": b"old"}}) == ("a.png", b"old")
    assert uploaded(({"name": "a.png", "content": memoryview(b"new")},)) == ("a.png", b"new")
