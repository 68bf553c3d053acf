"""A training draws itself now and then, by a clock that the test moves."""

import re

import numpy as np
import pytest

from srgan_lib.data.images import write_image
from srgan_report.interactive import training
from srgan_report.interactive.training import Watch


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a notebook would show, in order."""
    contents: list[str] = []

    class Handle:
        def update(self, content) -> None:
            contents.append(content.data)

    def display(content, display_id: bool) -> Handle:
        contents.append(content.data)
        return Handle()

    monkeypatch.setattr(training, "display", display)
    return contents


@pytest.mark.slow
def test_a_watched_training_shows_time_left_curves_and_sample_now_and_then(tmp_path, shown, monkeypatch) -> None:
    clock = Clock()
    monkeypatch.setattr(training, "monotonic", clock)
    write_image(tmp_path / "sample.png", np.zeros((8, 8, 3), np.uint8))
    watch = Watch("Warming up", tmp_path)
    for step in range(1, 801):
        clock.now += 0.5
        row = {"step": step, "loss": 1 / step, "pixel_weighted": 1 / step} if step % 5 == 0 else None
        watch(step, 800, row)
    pictures = [content for content in shown if "<img" in content]
    bars = [content for content in shown if "<progress" in content]
    assert len(pictures) == 400 // training.PICTURES_EVERY and all(one.count("<img") == 2 for one in pictures)
    assert len(bars) == pytest.approx(400 / training.BAR_EVERY, abs=2)
    assert 'value="800"' in shown[-1] and "done in 6 min 40 s" in shown[-1].replace("\xa0", " ")
    halfway = next(content for content in bars if re.search(r"\b40[0-4] of 800", content)).replace("\xa0", " ")
    assert "loss 0.0025" in halfway and re.search(r"3 min (19|20) s left", halfway)


def test_a_training_that_goes_on_shows_its_earlier_curve(tmp_path, shown) -> None:
    (tmp_path / "loss_curve.csv").write_text("step,loss\n5,0.5\n10,0.4\n15,0.3\n")
    watch = Watch("Warming up", tmp_path)
    watch(11, 40)
    assert [row["step"] for row in watch._rows] == [5, 10]
    assert "loss 0.4" in shown[0] and "11 of 40" in shown[0]


@pytest.mark.parametrize("content", [None, "\n"])
def test_nothing_logged_yet(content: str | None, tmp_path, shown) -> None:
    if content:
        (tmp_path / "loss_curve.csv").write_text(content)
    Watch("Warming up", tmp_path)(1, 40)
    assert "1 of 40. " in shown[0]
